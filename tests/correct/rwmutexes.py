"""anymutex.RWMutex."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint

from anymutex import RWMutex


async def written_alone() -> None:
    """No reader sees half of a write, and writers come one after the other."""
    rw = RWMutex()
    a = b = 0

    async def write() -> None:
        nonlocal a, b
        async with rw.writer:
            a += 1
            await checkpoint()
            b += 1

    async def read() -> None:
        async with rw.reader:
            seen = a
            await checkpoint()
            assert (a, b) == (seen, seen)

    async with anyio.create_task_group() as group:
        for task in (read, write, read, write):
            group.start_soon(task)
    assert (a, b) == (2, 2)


async def read_together() -> None:
    """Readers who wait for each other inside get along."""
    rw = RWMutex()
    inside = 0
    all_inside = anyio.Event()

    async def read() -> None:
        nonlocal inside
        async with rw.reader:
            inside += 1
            if inside == 3:
                all_inside.set()
            await all_inside.wait()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(read)
    assert not rw.reader.locked()


async def downgraded() -> None:
    """Nobody writes between a write and the read that became of it."""
    rw = RWMutex()
    value = 0

    async def write() -> None:
        nonlocal value
        async with rw.writer:
            value += 1
            mine = value
            rw.downgrade()
            await checkpoint()
            assert value == mine

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(write)
    assert value == 3


async def a_cancelled_writer_lets_readers_in() -> None:
    """Those who queued behind it."""
    rw = RWMutex()
    scope = anyio.CancelScope()
    has_read = anyio.Event()

    async def write() -> None:
        with scope:
            async with rw.writer:
                raise AssertionError("it was cancelled")

    async def read() -> None:
        async with rw.reader:
            has_read.set()

    async with anyio.create_task_group() as group, rw.reader:
        group.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        assert not has_read.is_set()
        scope.cancel()
        await has_read.wait()


async def a_writer_gets_in_between_readers() -> None:
    """However many come, each waits for one writer at most."""
    rw = RWMutex()
    reads = written = 0

    async def read() -> None:
        nonlocal reads
        for _ in range(3):
            async with rw.reader:
                reads += 1
                await checkpoint()

    async def write() -> None:
        nonlocal written
        async with rw.writer:
            written = reads

    async with anyio.create_task_group() as group:
        for task in (read, read, write):
            group.start_soon(task)
    assert reads == 6


async def read_again_by_a_reader() -> None:
    """As long as no writer waits."""
    rw = RWMutex()

    async def read() -> None:
        async with rw.reader, rw.reader:
            assert rw.reader.held()
            await checkpoint()
        assert not rw.reader.held()

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(read)
    assert rw.writer.try_acquire()
    rw.writer.release()
