"""anymutex.Mutex, beyond what every lock does."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anymutex import DeadlockError, Mutex, OwnerEndedError


async def held_by_one_alone() -> None:
    """Each task is told of itself."""
    mux = Mutex()

    async def ask() -> None:
        assert (mux.locked(), mux.held()) == (True, False)

    async with mux, anyio.create_task_group() as group:
        group.start_soon(ask)
        await checkpoint()
        assert mux.held()
    assert not mux.held()


async def a_ring_told_and_tried_again() -> None:
    """Who would close the ring is told, lets go, and tries again: both get through."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def take_both(name: str, first: Mutex, second: Mutex) -> None:
        while name not in done:
            try:
                async with first:
                    await checkpoint()
                    async with second:
                        done.append(name)
            except DeadlockError:
                await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(take_both, "a", x, y)
        group.start_soon(take_both, "b", y, x)
    assert sorted(done) == ["a", "b"]


async def told_that_its_owner_has_ended() -> None:
    """Nobody waits for ever for a task that has gone with the mutex."""
    mux = Mutex()
    is_taken = anyio.Event()
    is_told = False

    async def take_along() -> None:
        await mux.acquire()
        is_taken.set()
        await checkpoint()

    async def wait() -> None:
        nonlocal is_told
        await is_taken.wait()
        with pytest.raises(OwnerEndedError):
            await mux.acquire()
        is_told = True

    async with anyio.create_task_group() as group:
        group.start_soon(take_along)
        group.start_soon(wait)
    assert is_told


async def not_got_in_time() -> None:
    """Who gives up leaves the line."""
    mux = Mutex()

    async def hold() -> None:
        async with mux:
            await anyio.sleep(3)

    async def try_it() -> None:
        await anyio.sleep(1)
        with anyio.move_on_after(1) as scope:
            async with mux:
                raise AssertionError("it is held")
        assert scope.cancelled_caught

    async with anyio.create_task_group() as group:
        group.start_soon(hold)
        group.start_soon(try_it)
    assert not mux.locked()
