"""Three tasks hand something on in a ring, each holding its own place while it asks for the next one's.

A1 takes its own lock, A2 takes the next one's or waits for it, A3 lets both go; if it waits, A2 comes when
the next one's is let go.

Racy: it fails when each has its own before anybody has two. The first steps come in 6 orders and then the
second ones in 6; or one second step, of a task whose next one is taken, comes before the last first one: 3
tasks, their two first steps in 2 orders, the 2 other second steps in 2. That makes 36 + 12 = 48. The model
below counts the 237 that end well.

Safe: all take the two locks in one order; the model counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from schedulemodel import Lock, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (285, 48)
SAFE = 218
KIND = "deadlock"
PLACES = 3


async def hand_on(first: anyio.Lock, second: anyio.Lock) -> None:
    """Hold both for a moment."""
    async with first, second:
        pass


async def racy() -> None:
    """Take one's own first."""
    places = [anyio.Lock() for _ in range(PLACES)]
    async with anyio.create_task_group() as group:
        for mine in range(PLACES):
            group.start_soon(hand_on, places[mine], places[(mine + 1) % PLACES])


async def safe() -> None:
    """Take the one with the smaller number first."""
    places = [anyio.Lock() for _ in range(PLACES)]
    async with anyio.create_task_group() as group:
        for mine in range(PLACES):
            small, large = sorted((mine, (mine + 1) % PLACES))
            group.start_soon(hand_on, places[small], places[large])


def model(*, in_order: bool) -> Model:
    """The same without an event loop."""
    places = [Lock() for _ in range(PLACES)]

    def hand_on(mine: int) -> Steps:
        both = [mine, (mine + 1) % PLACES]
        for place in sorted(both) if in_order else both:
            yield from places[place].acquire()
        for place in both:
            places[place].release()

    return Model([hand_on(mine) for mine in range(PLACES)])


def racy_model() -> Model:
    """Of `racy`."""
    return model(in_order=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(in_order=True)
