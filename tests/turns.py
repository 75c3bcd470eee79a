"""What the tests share: the backends, and turns, so that tasks meet where a test wants them."""

from __future__ import annotations

import asyncio
import inspect
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import anyio.lowlevel

# Not optional here: without them half of what is promised would go untested in silence.
import trio
import uvloop  # noqa: F401  # imported to be sure that it is there

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Backend: TypeAlias = tuple[str, dict[str, Any]]
T = TypeVar("T")


def eager_loop() -> asyncio.AbstractEventLoop:
    """Make an asyncio loop whose tasks take their first step inside `create_task`."""
    loop = asyncio.new_event_loop()
    if sys.version_info >= (3, 12):
        loop.set_task_factory(asyncio.eager_task_factory)
    return loop


ASYNCIO_BACKENDS: dict[str, Backend] = {
    "asyncio": ("asyncio", {"debug": True}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
}
if sys.version_info >= (3, 12):
    ASYNCIO_BACKENDS["eager"] = ("asyncio", {"loop_factory": eager_loop})
TRIO_BACKENDS: dict[str, Backend] = {"trio": ("trio", {})}
BACKENDS: dict[str, Backend] = ASYNCIO_BACKENDS | TRIO_BACKENDS


def run_on(backend: Backend, program: Callable[[], Awaitable[T]]) -> T:
    """Run `program` in a run of its own."""
    name, options = backend
    return anyio.run(program, backend=name, backend_options=options)


def run_in_thread(function: Callable[[], T]) -> T:
    """Call `function` in a new thread that knows of no loop, and wait for it without an await."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(10)


def native_task() -> object:
    """Give the running task as the backend itself knows it."""
    if trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    return asyncio.current_task()


async def settle() -> None:
    """Let every task that can run do so until all of them wait for something."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


def leaves(error: BaseException) -> list[BaseException]:
    """Give the exceptions inside a group, however deeply it is nested."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


def place(where: object, mark: str) -> str:
    """Give `file:line` of the one line of a function (or module) that ends in the comment `# <mark>`."""
    lines, first = inspect.getsourcelines(where)  # type: ignore[arg-type]  # whatever has source
    hits = [number for number, line in enumerate(lines) if line.rstrip().endswith(f"# {mark}")]
    [offset] = hits
    return f"{Path(inspect.getsourcefile(where) or '').name}:{max(first, 1) + offset}"  # type: ignore[arg-type]


class Window:
    """The await of one task in which another gets its turn."""

    def __init__(self) -> None:
        self._opened = anyio.Event()
        self._closed = anyio.Event()

    async def stand(self) -> None:
        """Open the window and wait until somebody closes it; later calls only yield."""
        self._opened.set()
        await self._closed.wait()

    async def opened(self) -> None:
        """Wait until a task stands in the window."""
        await self._opened.wait()

    def close(self) -> None:
        """Let the task in the window go on."""
        self._closed.set()
