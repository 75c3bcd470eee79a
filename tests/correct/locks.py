"""anyio.Lock."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def shared_by_three() -> None:
    """One at a time, and each in its turn."""
    lock = anyio.Lock()
    inside = 0
    turns = 0

    async def work() -> None:
        nonlocal inside, turns
        for _ in range(2):
            async with lock:
                inside += 1
                assert inside == 1
                await checkpoint()
                inside -= 1
                turns += 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
    assert (turns, lock.locked()) == (6, False)


async def handed_to_who_waits() -> None:
    """Who waits gets it when it is released, and runs after who released it."""
    lock = anyio.Lock()
    order: list[str] = []

    async def wait() -> None:
        assert lock.locked()
        async with lock:
            order.append("waiter")

    async with anyio.create_task_group() as group, lock:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        order.append("holder")
    assert order == ["holder", "waiter"]
    assert not lock.locked()


async def acquired_by_hand() -> None:
    """With try and finally."""
    lock = anyio.Lock()
    order: list[str] = []

    async def wait() -> None:
        await lock.acquire()
        try:
            order.append("waiter")
        finally:
            lock.release()

    async with anyio.create_task_group() as group:
        await lock.acquire()
        try:
            group.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            order.append("holder")
        finally:
            lock.release()
    assert order == ["holder", "waiter"]


async def refused_at_once() -> None:
    """`acquire_nowait` waits for nobody."""
    lock = anyio.Lock()

    async def ask() -> None:
        with pytest.raises(anyio.WouldBlock):
            lock.acquire_nowait()

    async with lock, anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    lock.acquire_nowait()
    lock.release()


async def released_by_its_owner_alone() -> None:
    """Another task's release is refused, and changes nothing."""
    lock = anyio.Lock()

    async def release() -> None:
        with pytest.raises(RuntimeError):
            lock.release()

    async with lock:
        async with anyio.create_task_group() as group:
            group.start_soon(release)
        assert lock.locked()


async def given_up_by_a_cancelled_waiter() -> None:
    """It never gets the lock, and nobody is left in the line."""
    lock = anyio.Lock()
    scope = anyio.CancelScope()
    has_lock = False

    async def wait() -> None:
        nonlocal has_lock
        with scope:
            async with lock:
                has_lock = True

    async with anyio.create_task_group() as group, lock:
        group.start_soon(wait)
        await checkpoint()
        scope.cancel()
    assert not has_lock
    assert (lock.locked(), lock.statistics().tasks_waiting) == (False, 0)


async def passed_on_by_who_is_cancelled_with_it() -> None:
    """The first waiter is cancelled in the step that hands it the lock: the second one gets it."""
    lock = anyio.Lock()
    first = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                await checkpoint()
                got.append(name)

    async with anyio.create_task_group() as group:
        async with lock:
            group.start_soon(wait, "first", first)
            group.start_soon(wait, "second", anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
        first.cancel()
    assert got == ["second"]
    assert not lock.locked()


async def described_by_its_statistics() -> None:
    """Who has it, and how many wait."""
    lock = anyio.Lock()
    assert not lock.statistics().locked

    async def wait() -> None:
        async with lock:
            pass

    async with anyio.create_task_group() as group, lock:
        for _ in range(2):
            group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        told = lock.statistics()
        assert (told.locked, told.owner, told.tasks_waiting) == (True, anyio.get_current_task(), 2)
    assert lock.statistics().tasks_waiting == 0


async def taken_fast() -> None:
    """With `fast_acquire` it lets nobody in, and still excludes."""
    lock = anyio.Lock(fast_acquire=True)
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with lock:
            inside += 1
            assert inside == 1
            await checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)


async def two_taken_in_one_order() -> None:
    """No ring can arise."""
    x, y = anyio.Lock(), anyio.Lock()
    done = 0

    async def work() -> None:
        nonlocal done
        async with x, y:
            await checkpoint()
            done += 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
    assert done == 3
