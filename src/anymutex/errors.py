"""Every exception of anymutex, with its wording.

Rule 1. `str(error)` is the whole report: nothing is lost when a program prints only that.
Rule 2. An error holds plain data, never a task, a frame or a value of the user's.
Rule 3. The base classes are those that existing handlers catch: dict and `anyio.Lock` raise `RuntimeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from anymutex.report import Report


class ConflictError(RuntimeError):
    """A SharedMap's contract was broken for certain: both sides are in the report.

    Attributes:
        report: The same as plain data, see `anymutex.report`.

    Example:
        >>> import anyio
        >>> from anymutex import ConflictError, Mutex, SharedMap
        >>> async def main():
        ...     stock = SharedMap({"apples": 3}, name="stock", guarded_by=Mutex("mux"))
        ...     try:
        ...         stock["apples"] = 4
        ...     except ConflictError as error:
        ...         return str(error).splitlines()[0]
        >>> anyio.run(main)
        'unguarded access: stock is guarded by mux, which task "main" does not hold'
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


class DeadlockError(RuntimeError):
    """A task would wait for itself for ever.

    Attributes:
        report: The same as plain data, see `anymutex.report`.

    Example:
        >>> import anyio
        >>> from anymutex import DeadlockError, Mutex
        >>> async def main():
        ...     mux = Mutex("mux")
        ...     async with mux:
        ...         try:
        ...             await mux.acquire()
        ...         except DeadlockError as error:
        ...             return str(error).splitlines()[0]
        >>> anyio.run(main)
        'a task waits for itself - deadlock! task "main" wants mux, which it holds already'
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


class OwnerEndedError(anyio.BrokenResourceError):
    """The task that held a lock ended without releasing it: what the lock guards may be half done.

    Raised in the tasks that wait for it, until the run ends; the next run finds the lock free.

    Example:
        >>> import anyio
        >>> from anymutex import Mutex, OwnerEndedError
        >>> async def main():
        ...     mux = Mutex("mux")
        ...     async with anyio.create_task_group() as group:
        ...         group.start_soon(mux.acquire, name="worker")
        ...     try:
        ...         await mux.acquire()
        ...     except OwnerEndedError as error:
        ...         return str(error).split(",")[0]
        >>> anyio.run(main)
        'task "worker" ended while it held mux'
    """


class UsageError(Exception):
    """The user's input can't be taken: `str(error)` is the one line that says why and what to do."""
