"""anyio.Condition."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


async def notified_once() -> None:
    """The waiter has the lock again when it goes on."""
    condition = anyio.Condition()

    async def notify() -> None:
        async with condition:
            condition.notify_all()

    async with anyio.create_task_group() as group, condition:
        assert condition.locked()
        group.start_soon(notify)
        await condition.wait()
        assert condition.locked()
    assert not condition.locked()


async def acquired_by_hand() -> None:
    """With try and finally."""
    condition = anyio.Condition()

    async def notify() -> None:
        await condition.acquire()
        try:
            condition.notify_all()
        finally:
            condition.release()

    async with anyio.create_task_group() as group:
        await condition.acquire()
        try:
            group.start_soon(notify)
            await condition.wait()
        finally:
            condition.release()


async def acquired_at_once_or_not() -> None:
    """`acquire_nowait` waits for nobody."""
    condition = anyio.Condition()
    condition.acquire_nowait()

    async def ask() -> None:
        with pytest.raises(anyio.WouldBlock):
            condition.acquire_nowait()

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
    condition.release()


async def a_bounded_buffer() -> None:
    """Two producers and a consumer: nothing is lost, and the buffer never overflows."""
    changed = anyio.Condition()
    buffer: list[int] = []
    taken: list[int] = []

    async def produce(number: int) -> None:
        async with changed:
            while len(buffer) == 1:
                await changed.wait()
            buffer.append(number)
            changed.notify_all()

    async def consume() -> None:
        while len(taken) < 3:
            async with changed:
                while not buffer:
                    await changed.wait()
                assert len(buffer) == 1
                taken.append(buffer.pop())
                changed.notify_all()

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(produce, number)
        group.start_soon(consume)
    assert sorted(taken) == [0, 1, 2]


async def one_notified_of_two() -> None:
    """The other one goes on when it is its turn."""
    condition = anyio.Condition()
    tokens = 0
    got = 0

    async def wait() -> None:
        nonlocal tokens, got
        async with condition:
            while not tokens:
                await condition.wait()
            tokens -= 1
            got += 1

    async def give() -> None:
        nonlocal tokens
        for _ in range(2):
            async with condition:
                tokens += 1
                condition.notify()
            await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(wait)
        group.start_soon(give)
    assert (tokens, got) == (0, 2)


async def cancelled_while_it_waits() -> None:
    """It has the lock while it leaves, and gives it back."""
    condition = anyio.Condition()
    waits, goes_on = anyio.Event(), False

    async def wait() -> None:
        nonlocal goes_on
        async with condition:
            waits.set()
            await condition.wait()
            goes_on = True

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await waits.wait()
        group.cancel_scope.cancel()
    assert not goes_on
    assert not condition.locked()
    assert condition.statistics().tasks_waiting == 0


async def never_lost_by_who_is_cancelled_when_notified() -> None:
    """Either the first waiter goes on in spite of it, or it passes the notification on to the second one."""
    condition = anyio.Condition()
    first = anyio.CancelScope()
    woken: list[str] = []

    async def wait(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with condition:
                await condition.wait()
                woken.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(wait, "first", first)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(wait, "second", anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        async with condition:
            condition.notify()
            first.cancel()
        await anyio.wait_all_tasks_blocked()
        assert woken in (["first"], ["second"])
        group.cancel_scope.cancel()


async def waited_for_with_a_predicate() -> None:
    """`wait_for` looks again each time."""
    changed = anyio.Condition()
    count = 0

    async def wait() -> int:
        async with changed:
            await changed.wait_for(lambda: count == 3)
            assert count == 3
            return count

    async def raise_it() -> None:
        nonlocal count
        for _ in range(3):
            async with changed:
                count += 1
                changed.notify_all()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(raise_it)


async def a_barrier() -> None:
    """Nobody passes before all have come."""
    changed = anyio.Condition()
    arrived = 0

    async def pass_through() -> None:
        nonlocal arrived
        async with changed:
            arrived += 1
            changed.notify_all()
            while arrived < 3:
                await changed.wait()
        assert arrived == 3

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(pass_through)


async def refused_without_the_lock() -> None:
    """Who does not hold it may neither wait nor notify."""
    condition = anyio.Condition()
    with pytest.raises(RuntimeError):
        condition.notify()
    with pytest.raises(RuntimeError):
        await condition.wait()
