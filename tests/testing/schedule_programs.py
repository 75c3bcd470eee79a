"""The programs whose reports are in `tests/golden/`; a report quotes their lines."""

from __future__ import annotations

import anyio
import anyio.lowlevel

counter = 0


async def increment() -> None:
    """Lose an update, with an await between reading and writing."""
    global counter
    before = counter
    await anyio.lowlevel.checkpoint()
    counter = before + 1


async def count() -> None:
    """Count to two, if the tasks take turns."""
    global counter
    counter = 0
    async with anyio.create_task_group() as group:
        group.start_soon(increment, name="first")
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        group.start_soon(increment, name="second")
    assert counter == 2, f"counted {counter}"


async def transfer(source: anyio.Lock, target: anyio.Lock) -> None:
    """Hold both accounts."""
    async with source, target:
        pass


async def bank() -> None:
    """Transfer both ways at a time."""
    x, y = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as group:
        group.start_soon(transfer, x, y, name="x->y")
        group.start_soon(transfer, y, x, name="y->x")


async def nobody_sets_it() -> None:
    """Wait for ever."""
    await anyio.Event().wait()


async def beat() -> None:
    """Go on for ever."""
    while True:  # noqa: ASYNC110  # it waits for nothing
        await anyio.sleep(1)


async def heartbeat() -> None:
    """Wait for ever beside a task that does not."""
    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        await nobody_sets_it()


async def spin() -> None:
    """Wait for what nobody will do, without sleeping."""
    while counter >= 0:
        await anyio.lowlevel.checkpoint()
