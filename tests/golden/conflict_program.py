"""A conflict, made the same way on every backend: a loop with an await two calls away, and a writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from anymutex import Mutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

mux = Mutex()


async def lines(opened: anyio.Event, closed: anyio.Event) -> AsyncIterator[str]:
    """Give one line, after the window in which the writer gets in."""
    opened.set()
    await closed.wait()
    yield "line"


async def read_loop(m: SharedMap[int, int], opened: anyio.Event, closed: anyio.Event) -> None:
    """Iterate, and await in the loop."""
    for _ in m.items():
        async for _ in lines(opened, closed):
            pass


async def write_loop(m: SharedMap[int, int], opened: anyio.Event, closed: anyio.Event) -> None:
    """Write while the other one stands at its await; the lock alone is no help."""
    await opened.wait()
    async with mux:
        m[3] = 30
    closed.set()


async def main() -> None:
    """Let the two meet."""
    m = SharedMap({1: 10, 2: 20})
    opened, closed = anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(read_loop, m, opened, closed)
        group.start_soon(write_loop, m, opened, closed, name="write loop 1")
