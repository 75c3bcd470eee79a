"""Programs with one bug each: what `explore` is measured on.

Some are known from the papers on testing threads (SCTBench), brought over to tasks: where a thread could be
interrupted, the task awaits a checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram


async def pause(checkpoints: int) -> None:
    """Come later than the others, by so many steps."""
    for _ in range(checkpoints):
        await checkpoint()


def lost_update(delay: int) -> AsyncProgram:
    """Two tasks read, wait and write back: one update is lost."""

    async def program() -> None:
        counter = 0

        async def increment(delay: int) -> None:
            nonlocal counter
            await pause(delay)
            before = counter
            await checkpoint()
            counter = before + 1

        async with anyio.create_task_group() as group:
            group.start_soon(increment, 0)
            group.start_soon(increment, delay)
        assert counter == 2, f"counted {counter}"

    return program


def stampede(delay: int) -> AsyncProgram:
    """Three tasks look for a value, and each that does not find it makes one."""

    async def program() -> None:
        cache: dict[str, int] = {}
        made = 0

        async def get(delay: int) -> int:
            nonlocal made
            await pause(delay)
            if "key" not in cache:
                await checkpoint()
                made += 1
                cache["key"] = made
            return cache["key"]

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(get, number * delay)
        assert made == 1, f"made it {made} times"

    return program


async def opposite_locks() -> None:
    """AB-BA: two tasks take two locks in opposite orders, the second one when the first is about to leave."""
    x, y = anyio.Lock(), anyio.Lock()

    async def take_both(first: anyio.Lock, second: anyio.Lock, delay: int) -> None:
        await pause(delay)
        async with first, second:
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(take_both, x, y, 0)
        group.start_soon(take_both, y, x, 2)


async def lost_wakeup() -> None:
    """One looks whether something is ready and then waits to be told; the other tells once."""
    is_ready = False
    bell: anyio.Event | None = None

    async def wait() -> None:
        nonlocal bell
        if not is_ready:
            await checkpoint()
            bell = anyio.Event()
            await bell.wait()

    async def tell() -> None:
        nonlocal is_ready
        await pause(1)
        is_ready = True
        if bell is not None:
            bell.set()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(tell)


def reorder(setters: int) -> AsyncProgram:
    """Tasks set two fields that belong together, one checks that it sees both or none (SCTBench)."""

    async def program() -> None:
        a = b = 0

        async def set_both() -> None:
            nonlocal a, b
            a = 1
            await checkpoint()
            b = -1

        async def check() -> None:
            await checkpoint()
            assert (a, b) in ((0, 0), (1, -1)), f"saw {a, b}"

        async with anyio.create_task_group() as group:
            for _ in range(setters):
                group.start_soon(set_both)
            group.start_soon(check)

    return program


def two_stage(writers: int) -> AsyncProgram:
    """Tasks write one value and then another that follows from it; one reads them in turn (SCTBench)."""

    async def program() -> None:
        first = second = 0

        async def write() -> None:
            nonlocal first, second
            first = 1
            await checkpoint()
            second = first + 1

        async def read() -> None:
            seen = first
            if seen:
                await checkpoint()
                assert second == seen + 1, f"saw {seen} and {second}"

        async with anyio.create_task_group() as group:
            for _ in range(writers):
                group.start_soon(write)
            group.start_soon(read)

    return program


async def bluetooth() -> None:
    """A driver is stopped while a request has looked whether it may start, but not started (SCTBench)."""
    pending = 1
    stopping = stopped = False
    idle = anyio.Event()

    async def leave() -> None:
        nonlocal pending
        pending -= 1
        remaining = pending
        await checkpoint()
        if not remaining:
            idle.set()

    async def request() -> None:
        nonlocal pending
        if stopping:
            return
        await checkpoint()
        pending += 1
        await checkpoint()
        assert not stopped, "used after it was stopped"
        await leave()

    async def stop() -> None:
        nonlocal stopping, stopped
        stopping = True
        await checkpoint()
        await leave()
        await idle.wait()
        stopped = True

    async with anyio.create_task_group() as group:
        group.start_soon(request)
        group.start_soon(stop)
