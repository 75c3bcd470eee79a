"""Two tasks take two locks, in opposite orders: AB-BA.

Racy: A1 takes x, A2 takes y, A3 lets both go; B the other way round. When A is first:
- A1 B1, and now each waits for the other: A2 B2 or B2 A2, 2 deadlocks;
- A1 A2 B1, B waits for y until A3, then takes y and x in B2, and B3 lets go;
- A1 A2 A3 B1 B2 B3.
With B first as many: 8 schedules, 4 fail.

Safe: both take x first. B1 comes after A1, A2 or A3, and waits for A3 in the first two cases; then B2 takes
y, B3 lets go. With B first as many: 6 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from schedulemodel import Lock, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (8, 4)
SAFE = 6
KIND = "deadlock"


async def take_both(first: anyio.Lock, second: anyio.Lock) -> None:
    """Hold both for a moment."""
    async with first, second:
        pass


async def racy() -> None:
    """Take them in opposite orders."""
    x, y = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as group:
        group.start_soon(take_both, x, y, name="x then y")
        group.start_soon(take_both, y, x, name="y then x")


async def safe() -> None:
    """Take them in one order."""
    x, y = anyio.Lock(), anyio.Lock()
    async with anyio.create_task_group() as group:
        group.start_soon(take_both, x, y)
        group.start_soon(take_both, x, y)


def model(*, in_order: bool) -> Model:
    """The same without an event loop."""
    x, y = Lock(), Lock()

    def take_both(first: Lock, second: Lock) -> Steps:
        yield from first.acquire()
        yield from second.acquire()
        second.release()
        first.release()

    return Model([take_both(x, y), take_both(x, y) if in_order else take_both(y, x)])


def racy_model() -> Model:
    """Of `racy`."""
    return model(in_order=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(in_order=True)
