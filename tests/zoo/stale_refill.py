"""A task fills a cache from a table; another one changes the table and throws the entry out of the cache.

Racy: F1 reads the table, F2 puts into the cache what it has read. W1 changes the table, W2 throws out what is
in the cache. Of the 6 orders F1 W1 W2 F2 leaves the old value in the cache: 1 fails.

Safe: F2 looks whether anything was thrown out meanwhile: 6 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 1)
SAFE = 6
KIND = "exception"


class Store:
    """A table, a cache in front of it, and how often something was thrown out."""

    def __init__(self) -> None:
        self.table = {"key": "old"}
        self.cache: dict[str, str] = {}
        self.age = 0

    async def write(self) -> None:
        """Change the table, and throw out the entry."""
        self.table["key"] = "new"
        await anyio.lowlevel.checkpoint()
        self.cache.pop("key", None)
        self.age += 1

    @property
    def is_right(self) -> bool:
        """Whether nobody will be told the old value."""
        return self.cache.get("key") != "old"


async def racy() -> None:
    """Put in what was read."""
    store = Store()

    async def fill() -> None:
        value = store.table["key"]
        await anyio.lowlevel.checkpoint()
        store.cache["key"] = value

    async with anyio.create_task_group() as group:
        group.start_soon(fill)
        group.start_soon(store.write)
    assert store.is_right, f"cached {store.cache}"


async def safe() -> None:
    """Put it in if nothing was thrown out meanwhile."""
    store = Store()

    async def fill() -> None:
        value, age = store.table["key"], store.age
        await anyio.lowlevel.checkpoint()
        if age == store.age:
            store.cache["key"] = value

    async with anyio.create_task_group() as group:
        group.start_soon(fill)
        group.start_soon(store.write)
    assert store.is_right, f"cached {store.cache}"


def model(*, looks_again: bool) -> Model:
    """The same without an event loop."""
    stored, cached, age = "old", "", 0

    def fill() -> Steps:
        nonlocal cached
        value, then = stored, age
        yield
        if age == then or not looks_again:
            cached = value

    def write() -> Steps:
        nonlocal stored, cached, age
        stored = "new"
        yield
        cached, age = "", age + 1

    return Model([fill(), write()], lambda: cached != "old")


def racy_model() -> Model:
    """Of `racy`."""
    return model(looks_again=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(looks_again=True)
