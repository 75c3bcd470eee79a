"""Two tasks want the same entry of a cache; whoever doesn't find it loads it.

Racy: A1 looks and begins to load, A2 stores; B alike, but B1 is all of B if it finds the entry. When A is
first: A1 A2 B1 loads once; A1 B1 A2 B2 and A1 B1 B2 A2 load twice. With B first as many: 6 schedules, 4
fail.

Safe: A1 puts an event into the cache and begins to load, A2 sets the event. B1 finds the event. Whether it
is set or not, `wait` yields, and B2 follows when it is set: A1 B1 A2 B2, or A1 A2 B1 B2. With B first as
many: 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Event, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 4
KIND = "exception"


async def racy() -> None:
    """Look, and load without telling anybody."""
    cache: dict[str, str] = {}
    loads = 0

    async def want() -> None:
        nonlocal loads
        if "key" not in cache:
            loads += 1
            await anyio.lowlevel.checkpoint()
            cache["key"] = "value"

    async with anyio.create_task_group() as group:
        group.start_soon(want)
        group.start_soon(want)
    assert loads == 1, f"loaded {loads} times"


async def safe() -> None:
    """Say that it is being loaded before giving up control."""
    cache: dict[str, anyio.Event] = {}
    loads = 0

    async def want() -> None:
        nonlocal loads
        if "key" in cache:
            await cache["key"].wait()
            return
        loads += 1
        cache["key"] = anyio.Event()
        await anyio.lowlevel.checkpoint()
        cache["key"].set()

    async with anyio.create_task_group() as group:
        group.start_soon(want)
        group.start_soon(want)
    assert loads == 1, f"loaded {loads} times"


def racy_model() -> Model:
    """Of `racy`."""
    is_there, loads = False, 0

    def want() -> Steps:
        nonlocal is_there, loads
        if not is_there:
            loads += 1
            yield
            is_there = True

    return Model([want(), want()], lambda: loads == 1)


def safe_model() -> Model:
    """Of `safe`."""
    cache: list[Event] = []
    loads = 0

    def want() -> Steps:
        nonlocal loads
        if cache:
            yield from cache[0].wait()
            return
        loads += 1
        cache.append(Event())
        yield
        cache[0].set()

    return Model([want(), want()], lambda: loads == 1)
