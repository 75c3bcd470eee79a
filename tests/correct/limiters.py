"""anyio.CapacityLimiter, beyond what every lock does."""

from __future__ import annotations

import anyio
import pytest


async def borrowed_and_given_back() -> None:
    """The counts follow."""
    limiter = anyio.CapacityLimiter(2)
    assert (limiter.total_tokens, limiter.available_tokens, limiter.borrowed_tokens) == (2, 2, 0)
    async with limiter:
        assert (limiter.total_tokens, limiter.available_tokens, limiter.borrowed_tokens) == (2, 1, 1)


async def one_at_a_time() -> None:
    """As a lock."""
    limiter = anyio.CapacityLimiter(1)
    value = 0

    async def work() -> None:
        nonlocal value
        for _ in range(3):
            async with limiter:
                assert value == 0
                value = 1
                await anyio.wait_all_tasks_blocked()
                value = 0

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)


async def never_twice_by_one_task() -> None:
    """Borrowing again is refused, and so is giving back what was not borrowed."""
    limiter = anyio.CapacityLimiter(1)
    await limiter.acquire()
    with pytest.raises(RuntimeError):
        await limiter.acquire()
    limiter.release()
    with pytest.raises(RuntimeError):
        limiter.release()


async def borrowed_on_behalf_of_another() -> None:
    """The borrower is who it is said to be, and anybody may give it back."""
    limiter = anyio.CapacityLimiter(1)
    borrower = object()

    async def give_back() -> None:
        limiter.release_on_behalf_of(borrower)

    await limiter.acquire_on_behalf_of(borrower)
    async with anyio.create_task_group() as group:
        group.start_soon(give_back)
        async with limiter:
            assert limiter.borrowed_tokens == 1
    assert limiter.borrowed_tokens == 0


async def raised_while_somebody_waits() -> None:
    """A waiter gets in when there are more tokens."""
    limiter = anyio.CapacityLimiter(1)
    is_inside, is_raised = anyio.Event(), anyio.Event()

    async def wait() -> None:
        await is_inside.wait()
        async with limiter:
            is_raised.set()

    async def hold() -> None:
        async with limiter:
            is_inside.set()
            await is_raised.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(hold)
        await anyio.wait_all_tasks_blocked()
        assert is_inside.is_set()
        assert not is_raised.is_set()
        limiter.total_tokens = 2
    assert is_raised.is_set()


async def described_by_its_statistics() -> None:
    """Who has a token, and how many wait."""
    limiter = anyio.CapacityLimiter(1)

    async def wait() -> None:
        async with limiter:
            pass

    async with anyio.create_task_group() as group, limiter:
        group.start_soon(wait)
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        told = limiter.statistics()
        assert (told.borrowed_tokens, told.total_tokens, told.tasks_waiting) == (1, 1, 2)
    assert limiter.statistics().borrowed_tokens == 0
