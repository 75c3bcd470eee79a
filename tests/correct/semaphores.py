"""anyio.Semaphore."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def at_most_two_inside() -> None:
    """Of four."""
    semaphore = anyio.Semaphore(2)
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with semaphore:
            inside += 1
            assert inside <= 2
            assert semaphore.value in (0, 1)
            await checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work)
    assert semaphore.value == 2


async def acquired_by_hand() -> None:
    """With try and finally."""
    semaphore = anyio.Semaphore(2)

    async def work() -> None:
        await semaphore.acquire()
        try:
            assert semaphore.value in (0, 1)
        finally:
            semaphore.release()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)
    assert semaphore.value == 2


async def refused_at_once() -> None:
    """`acquire_nowait` waits for nobody."""
    semaphore = anyio.Semaphore(1)
    semaphore.acquire_nowait()
    with pytest.raises(anyio.WouldBlock):
        semaphore.acquire_nowait()
    semaphore.release()
    assert semaphore.value == 1


async def given_up_by_a_cancelled_waiter() -> None:
    """It does not get a token, and none is lost."""
    semaphore = anyio.Semaphore(1)
    scope = anyio.CancelScope()
    has_token = False

    async def wait() -> None:
        nonlocal has_token
        with scope:
            async with semaphore:
                has_token = True

    async with anyio.create_task_group() as group, semaphore:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
    assert not has_token
    assert semaphore.value == 1


async def passed_on_by_who_is_cancelled_with_it() -> None:
    """The first waiter is cancelled in the step that hands it the token: the second one gets it."""
    semaphore = anyio.Semaphore(1)
    first = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with semaphore:
                await checkpoint()
                got.append(name)

    async with anyio.create_task_group() as group:
        async with semaphore:
            group.start_soon(wait, "first", first)
            group.start_soon(wait, "second", anyio.CancelScope())
            await anyio.wait_all_tasks_blocked()
        first.cancel()
    assert got == ["second"]
    assert semaphore.value == 1


async def bounded_above() -> None:
    """More releases than acquires are refused."""
    semaphore = anyio.Semaphore(1, max_value=1)
    with pytest.raises(ValueError):
        semaphore.release()

    async def work() -> None:
        async with semaphore:
            await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)
    assert semaphore.value == 1


async def a_signal_from_one_task_to_another() -> None:
    """What is released before the other one waits is not lost."""
    items = anyio.Semaphore(0)
    produced = consumed = 0

    async def produce() -> None:
        nonlocal produced
        for _ in range(3):
            produced += 1
            items.release()
            await checkpoint()

    async def consume() -> None:
        nonlocal consumed
        for _ in range(3):
            await items.acquire()
            consumed += 1
            assert consumed <= produced

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        group.start_soon(consume)
    assert (consumed, items.value) == (3, 0)


async def taken_fast() -> None:
    """With `fast_acquire` it lets nobody in, and still counts."""
    semaphore = anyio.Semaphore(1, fast_acquire=True)
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with semaphore:
            inside += 1
            assert inside == 1
            await checkpoint()
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
