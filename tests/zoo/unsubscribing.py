"""A message is sent to three subscribers in turn, while the first one unsubscribes.

Racy: S1, S2 and S3 send to the first, second and third one and stand in the loop over the list, S4 leaves it.
U1 unsubscribes. Before S1 two are left, and S has three steps. After S1 all move up by one, and S2 sends to
the third one: the second one gets nothing. After S2 the loop has come to its end: the third one gets
nothing. After S3 and after S4 it is fine. 5 schedules, 2 fail.

Safe: S loops over a copy: 5 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (5, 2)
SAFE = 5
KIND = "exception"
NAMES = ["ann", "bob", "eve"]


async def racy() -> None:
    """Loop over the list itself."""
    subscribers = NAMES.copy()
    reached: list[str] = []

    async def send() -> None:
        for subscriber in subscribers:
            reached.append(subscriber)
            await anyio.lowlevel.checkpoint()

    async def unsubscribe() -> None:
        subscribers.remove("ann")

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        group.start_soon(unsubscribe)
    assert set(reached) >= {"bob", "eve"}, f"reached {reached}"


async def safe() -> None:
    """Loop over a copy."""
    subscribers = NAMES.copy()
    reached: list[str] = []

    async def send() -> None:
        for subscriber in subscribers.copy():
            reached.append(subscriber)
            await anyio.lowlevel.checkpoint()

    async def unsubscribe() -> None:
        subscribers.remove("ann")

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        group.start_soon(unsubscribe)
    assert set(reached) >= {"bob", "eve"}, f"reached {reached}"


def model(*, copies: bool) -> Model:
    """The same without an event loop, and with an index instead of an iterator."""
    subscribers = NAMES.copy()
    reached: list[str] = []

    def send() -> Steps:
        names = subscribers.copy() if copies else subscribers
        index = 0
        while index < len(names):
            reached.append(names[index])
            yield
            index += 1

    def unsubscribe() -> Steps:
        del subscribers[0]
        yield from ()

    return Model([send(), unsubscribe()], lambda: {"bob", "eve"} <= set(reached))


def racy_model() -> Model:
    """Of `racy`."""
    return model(copies=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(copies=True)
