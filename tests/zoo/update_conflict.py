"""A task updates a key of a SharedMap across an await, another one simply writes that key.

Racy: U1 goes for the lock of the key, which lets the others in first; U2 has it and stands in its update, U3
stores. W1 before U1, U2 or after U3 is fine; between U2 and U3 it makes U3 raise ConflictError. 4 schedules,
1 fails.

Safe: W updates too. The locks of the keys are a Mutex each, so the steps are U1, U2 (holds it) and U3, or U1,
a wait, and the two others; W alike: the model below counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model, Mutex

from anymutex import SharedMap

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (4, 1)
SAFE = 12
KIND = "conflict"


async def one_more(count: int) -> int:
    """Ask somebody first."""
    await anyio.lowlevel.checkpoint()
    return count + 1


async def racy() -> None:
    """Write past the update."""
    stock = SharedMap({"tea": 3}, name="stock")

    async def write() -> None:
        stock["tea"] = 0

    async with anyio.create_task_group() as group:
        group.start_soon(stock.update_key, "tea", one_more)
        group.start_soon(write)


async def safe() -> None:
    """Write by an update."""
    stock = SharedMap({"tea": 3}, name="stock")

    async with anyio.create_task_group() as group:
        group.start_soon(stock.update_key, "tea", one_more)
        group.start_soon(stock.update_key, "tea", one_more)
    assert stock["tea"] == 5, stock


def racy_model() -> Model:
    """Of `racy`."""
    is_open, is_right = False, True

    def update() -> Steps:
        nonlocal is_open
        yield
        is_open = True
        yield
        is_open = False

    def write() -> Steps:
        nonlocal is_right
        is_right = not is_open
        yield from ()

    return Model([update(), write()], lambda: is_right)


def safe_model() -> Model:
    """Of `safe`."""
    lock, count = Mutex(), 3

    def update() -> Steps:
        nonlocal count
        yield from lock.acquire()
        before = count
        yield
        count = before + 1
        lock.release()

    return Model([update(), update()], lambda: count == 5)
