"""What every kind of lock has to do, whoever made it: one body, and a program of it for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from anymutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable

EveryLock: TypeAlias = anyio.Lock | anyio.Semaphore | anyio.CapacityLimiter | Mutex

# Looked up when a program runs: a test puts another Lock in the place of anyio's.
KINDS: dict[str, Callable[[], EveryLock]] = {
    "Lock": lambda: anyio.Lock(),
    "Lock_fast": lambda: anyio.Lock(fast_acquire=True),
    "Semaphore": lambda: anyio.Semaphore(1),
    "Semaphore_fast": lambda: anyio.Semaphore(1, fast_acquire=True),
    "CapacityLimiter": lambda: anyio.CapacityLimiter(1),
    "Mutex": lambda: Mutex(),
    "Mutex_fast": lambda: Mutex(fast_acquire=True),
}


def _is_free(lock: EveryLock) -> bool:
    """Tell whether nobody has it, and no token was lost or made."""
    match lock:
        case anyio.Semaphore():
            return lock.value == 1
        case anyio.CapacityLimiter():
            return lock.borrowed_tokens == 0
        case _:
            return not lock.locked()


def _is_taken_at_once(lock: EveryLock) -> bool:
    """Try it without a wait."""
    if isinstance(lock, Mutex):
        return lock.try_acquire()
    try:
        lock.acquire_nowait()
    except anyio.WouldBlock:
        return False
    return True


async def shared_by_three(make: Callable[[], EveryLock]) -> None:
    """One at a time, and no update is lost."""
    lock = make()
    inside = counter = 0

    async def count() -> None:
        nonlocal inside, counter
        for _ in range(2):
            async with lock:
                inside += 1
                assert inside == 1
                before = counter
                await checkpoint()
                counter = before + 1
                inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(count)
    assert counter == 6
    assert _is_free(lock)


async def handed_to_who_waits(make: Callable[[], EveryLock]) -> None:
    """Who waits gets it when it is released, and runs after who released it."""
    lock = make()
    order: list[str] = []

    async def wait() -> None:
        assert not _is_free(lock)
        async with lock:
            order.append("waiter")

    async with anyio.create_task_group() as group, lock:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        order.append("holder")
    assert order == ["holder", "waiter"]
    assert _is_free(lock)


async def acquired_by_hand(make: Callable[[], EveryLock]) -> None:
    """With try and finally."""
    lock = make()
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
    assert _is_free(lock)


async def refused_at_once(make: Callable[[], EveryLock]) -> None:
    """Who tries it without a wait waits for nobody."""
    lock = make()

    async def ask() -> None:
        assert not _is_taken_at_once(lock)

    async with lock, anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)
    assert _is_taken_at_once(lock)
    lock.release()
    assert _is_free(lock)


async def given_up_by_a_cancelled_waiter(make: Callable[[], EveryLock]) -> None:
    """It never gets the lock, and who waits behind it does."""
    lock = make()
    first = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                got.append(name)

    async with anyio.create_task_group() as group, lock:
        group.start_soon(wait, "first", first)
        group.start_soon(wait, "second", anyio.CancelScope())
        await checkpoint()
        first.cancel()
    assert got == ["second"]
    assert _is_free(lock)


async def passed_on_by_who_is_cancelled_with_it(make: Callable[[], EveryLock]) -> None:
    """The first waiter is cancelled in the step that hands it the lock: the second one gets it."""
    lock = make()
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
    assert _is_free(lock)
