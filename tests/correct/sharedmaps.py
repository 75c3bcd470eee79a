"""anymutex.SharedMap."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint

from anymutex import Mutex, SharedMap


async def fetched_once() -> None:
    """However many ask."""
    pages = SharedMap[str, str]()
    fetches = 0

    async def fetch() -> str:
        nonlocal fetches
        fetches += 1
        await checkpoint()
        return "page"

    async def visit() -> None:
        assert await pages.get_or_create("/", fetch) == "page"

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(visit)
    assert fetches == 1


async def fetched_by_the_next_one() -> None:
    """When who fetches is cancelled."""
    pages = SharedMap[str, str]()
    scope = anyio.CancelScope()
    is_fetching = anyio.Event()

    async def fetch_for_ever() -> str:
        is_fetching.set()
        await anyio.sleep_forever()
        return "never"

    async def fetch() -> str:
        await checkpoint()
        return "page"

    async def give_up() -> None:
        with scope:
            await pages.get_or_create("/", fetch_for_ever)

    async def visit() -> None:
        await is_fetching.wait()
        assert await pages.get_or_create("/", fetch) == "page"

    async with anyio.create_task_group() as group:
        group.start_soon(give_up)
        group.start_soon(visit)
        await is_fetching.wait()
        await checkpoint()
        scope.cancel()
    assert dict(pages.items()) == {"/": "page"}


async def updated_by_three() -> None:
    """No update is lost."""
    visits = SharedMap[str, int]()

    async def one_more(count: int) -> int:
        await checkpoint()
        return count + 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(visits.update_key, "/", one_more, 0)
    assert visits["/"] == 3


async def swapped_by_one_alone() -> None:
    """Who comes first."""
    jobs = SharedMap({"job": "new"})
    won: list[str] = []

    async def take(name: str) -> None:
        if await jobs.compare_and_swap("job", "new", name):
            won.append(name)

    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(take, name)
    assert won == [jobs["job"]]


async def looped_over_under_its_mutex() -> None:
    """Nobody writes meanwhile."""
    mux = Mutex()
    stock = SharedMap[str, int](guarded_by=mux)

    async def write(name: str) -> None:
        async with mux:
            stock[name] = len(stock)

    async def read() -> None:
        async with mux:
            for number in stock.values():
                await checkpoint()
                assert number < len(stock)

    async with anyio.create_task_group() as group:
        group.start_soon(write, "apples")
        group.start_soon(read)
        group.start_soon(write, "pears")
    async with mux:
        assert len(stock) == 2


async def looped_over_a_copy() -> None:
    """Whatever is written meanwhile."""
    stock = SharedMap({"apples": 1, "pears": 2})

    async def read() -> None:
        for name in list(stock):
            await checkpoint()
            stock.get(name)

    async def write() -> None:
        stock["plums"] = 3
        await checkpoint()
        del stock["apples"]

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)
    assert sorted(stock) == ["pears", "plums"]


async def keys_written_by_their_own_tasks() -> None:
    """Reading and writing without an await between."""
    counts = SharedMap[str, int]()

    async def count(name: str) -> None:
        for _ in range(3):
            counts[name] = counts.get(name, 0) + 1
            await checkpoint()

    async with anyio.create_task_group() as group:
        for name in "ab":
            group.start_soon(count, name)
    assert dict(counts.items()) == {"a": 3, "b": 3}
