"""anymutex.Guarded."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint

from anymutex import Guarded, RWMutex


async def counted_by_three() -> None:
    """No update is lost."""
    counter = Guarded({"count": 0})

    async def count() -> None:
        async with counter as guard:
            before = guard.value["count"]
            await checkpoint()
            guard.value["count"] = before + 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(count)
    async with counter as guard:
        assert guard.value == {"count": 3}


async def read_by_many() -> None:
    """Nobody sees half of it."""
    config = Guarded({"host": "old", "port": "old"}, lock=RWMutex())

    async def read() -> None:
        async with config.read() as view:
            host = view.value["host"]
            await checkpoint()
            assert view.value["port"] == host

    async def write() -> None:
        async with config as guard:
            guard.value["host"] = "new"
            await checkpoint()
            guard.value["port"] = "new"

    async with anyio.create_task_group() as group:
        for task in (read, write, read):
            group.start_soon(task)


async def replaced_as_a_whole() -> None:
    """By each in turn."""
    names = Guarded[tuple[str, ...]](())

    async def add(name: str) -> None:
        async with names as guard:
            before = guard.value
            await checkpoint()
            guard.value = (*before, name)

    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(add, name)
    async with names as guard:
        assert sorted(guard.value) == ["a", "b", "c"]
