"""anyio.Lock, beyond what every lock does."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint


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
