"""A task that holds the lock over a task group whose task wants it."""

from __future__ import annotations

import anyio

from anymutex import Mutex

mux = Mutex()
done: list[str] = []


async def note(text: str) -> None:
    """Write under the lock."""
    async with mux:
        done.append(text)


async def work_in_parallel() -> None:
    """Two at a time."""
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
        group.start_soon(note, "child")


async def work() -> None:
    """Lock, and call what waits for a task that locks."""
    async with mux:
        await work_in_parallel()


async def main() -> None:
    """Work in a task of its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(work)
