"""anyio.Event."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint


async def set_by_another_task() -> None:
    """Before or after the waiting began."""
    event = anyio.Event()

    async def set_it() -> None:
        assert not event.is_set()
        event.set()

    async with anyio.create_task_group() as group:
        group.start_soon(set_it)
        await event.wait()
    assert event.is_set()


async def waited_for_by_many() -> None:
    """All go on."""
    event = anyio.Event()
    woken = 0

    async def wait() -> None:
        nonlocal woken
        await event.wait()
        assert event.is_set()
        woken += 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(wait)
        await checkpoint()
        event.set()
    assert woken == 3


async def set_before_anybody_waits() -> None:
    """It stays set."""
    event = anyio.Event()
    event.set()
    event.set()
    with anyio.fail_after(1):
        await event.wait()


async def given_up_by_a_cancelled_waiter() -> None:
    """It does not go on behind the wait."""
    event = anyio.Event()
    went_on = False

    async def wait() -> None:
        nonlocal went_on
        await event.wait()
        went_on = True

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await checkpoint()
        group.cancel_scope.cancel()
        event.set()
    assert not went_on


async def described_by_its_statistics() -> None:
    """How many wait."""
    event = anyio.Event()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(event.wait)
        await anyio.wait_all_tasks_blocked()
        assert event.statistics().tasks_waiting == 3
        event.set()
    assert event.statistics().tasks_waiting == 0


async def handed_along_a_chain() -> None:
    """Each waits for the one before."""
    events = [anyio.Event() for _ in range(4)]
    order: list[int] = []

    async def hand_on(number: int) -> None:
        await events[number].wait()
        order.append(number)
        events[number + 1].set()

    async with anyio.create_task_group() as group:
        for number in (2, 0, 1):
            group.start_soon(hand_on, number)
        events[0].set()
    assert order == [0, 1, 2]


async def two_tasks_meet() -> None:
    """Each tells the other that it is there."""
    here, there = anyio.Event(), anyio.Event()
    together: list[bool] = []

    async def meet(mine: anyio.Event, others: anyio.Event) -> None:
        mine.set()
        await others.wait()
        together.append(mine.is_set() and others.is_set())

    async with anyio.create_task_group() as group:
        group.start_soon(meet, here, there)
        group.start_soon(meet, there, here)
    assert together == [True, True]
