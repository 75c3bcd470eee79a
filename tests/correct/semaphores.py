"""anyio.Semaphore, beyond what every lock does."""

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
