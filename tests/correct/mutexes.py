"""anymutex.Mutex."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anymutex import DeadlockError, Mutex, OwnerEndedError


async def shared_by_three() -> None:
    """No update is lost."""
    mux = Mutex()
    counter = 0

    async def count() -> None:
        nonlocal counter
        for _ in range(2):
            async with mux:
                assert mux.held()
                before = counter
                await checkpoint()
                counter = before + 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(count)
    assert (counter, mux.locked()) == (6, False)


async def tried_by_others() -> None:
    """While it is held nobody else gets it."""
    mux = Mutex()

    async def ask() -> None:
        assert not mux.try_acquire()
        assert not mux.held()

    async with mux, anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    assert mux.try_acquire()
    mux.release()


async def given_up_by_a_cancelled_waiter() -> None:
    """Who waits behind it gets the mutex."""
    mux = Mutex()
    first = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with mux:
                await checkpoint()
                got.append(name)

    async with anyio.create_task_group() as group, mux:
        group.start_soon(wait, "first", first)
        group.start_soon(wait, "second", anyio.CancelScope())
        await checkpoint()
        first.cancel()
    assert got == ["second"]
    assert not mux.locked()


async def passed_on_by_who_is_cancelled_with_it() -> None:
    """The first waiter is cancelled in the step that hands it the mutex: the second one gets it."""
    mux = Mutex()
    first = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with mux:
                await checkpoint()
                got.append(name)

    async with anyio.create_task_group() as group:
        async with mux:
            group.start_soon(wait, "first", first)
            group.start_soon(wait, "second", anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
        first.cancel()
    assert got == ["second"]
    assert not mux.locked()


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


async def taken_fast() -> None:
    """With `fast_acquire` it lets nobody in, and still excludes."""
    mux = Mutex(fast_acquire=True)
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with mux:
            inside += 1
            assert inside == 1
            await checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
