"""Two tasks set two fields that belong together, a third one looks at both: reorder of SCTBench.

Racy: S1 sets a, S2 sets b; T alike; C1 only yields, C2 looks. Three tasks of two steps: 6! / (2! 2! 2!) = 90
schedules. C2 finds a set and b not, if before it come C1 and
- S1 alone: these two in 2 orders, and S2, T1, T2 after it in 3: 6;
- T1 alone: 6;
- S1 and T1: these three in 6 orders, and S2, T2 after it in 2: 12.
So 24 fail.

Safe: both fields are set in the first step, and the second one does nothing: 90 schedules too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (90, 24)
SAFE = 90
KIND = "exception"


async def racy() -> None:
    """Give up control between the two fields."""
    a = b = 0
    seen = (0, 0)

    async def set_both() -> None:
        nonlocal a, b
        a = 1
        await anyio.lowlevel.checkpoint()
        b = 1

    async def look() -> None:
        nonlocal seen
        await anyio.lowlevel.checkpoint()
        seen = a, b

    async with anyio.create_task_group() as group:
        group.start_soon(set_both)
        group.start_soon(set_both)
        group.start_soon(look)
    assert seen in ((0, 0), (1, 1)), f"saw {seen}"


async def safe() -> None:
    """Set both in one step."""
    a = b = 0
    seen = (0, 0)

    async def set_both() -> None:
        nonlocal a, b
        a = b = 1
        await anyio.lowlevel.checkpoint()

    async def look() -> None:
        nonlocal seen
        await anyio.lowlevel.checkpoint()
        seen = a, b

    async with anyio.create_task_group() as group:
        group.start_soon(set_both)
        group.start_soon(set_both)
        group.start_soon(look)
    assert seen in ((0, 0), (1, 1)), f"saw {seen}"


def model(*, at_once: bool) -> Model:
    """The same without an event loop."""
    a = b = 0
    seen = (0, 0)

    def set_both() -> Steps:
        nonlocal a, b
        a = 1
        b = 1 if at_once else b
        yield
        b = 1

    def look() -> Steps:
        nonlocal seen
        yield
        seen = a, b

    return Model([set_both(), set_both(), look()], lambda: seen in ((0, 0), (1, 1)))


def racy_model() -> Model:
    """Of `racy`."""
    return model(at_once=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(at_once=True)
