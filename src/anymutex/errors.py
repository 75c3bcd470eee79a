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
    """A SharedMap's contract was broken for certain: both sides are in the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


class DeadlockError(RuntimeError):
    """A task would wait for itself for ever, alone or around a cycle of tasks."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return str(self.report)


class OwnerEndedError(anyio.BrokenResourceError):
    """The task that held a lock ended without releasing it: what the lock guards may be half done."""


class UsageError(Exception):
    """The user's input can't be taken: `str(error)` is the one line that says why and what to do."""
