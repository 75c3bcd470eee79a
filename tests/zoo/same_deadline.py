"""Two tasks sleep, and who started first is expected to wake first.

Racy: A1 and B1 begin to sleep, in 2 orders. Both wake at the same time, and A2 and B2 come in 2 orders: 4
schedules. Those in which B2 comes before A2 fail: 2.

Safe: B sleeps longer. A1 and B1 come in 2 orders, A2 always before B2: 2 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (4, 2)
SAFE = 2
KIND = "exception"


async def woken_in(**seconds: float) -> list[str]:
    """Let tasks sleep, and give their names in the order in which they woke."""
    woken: list[str] = []

    async def sleep(name: str) -> None:
        await anyio.sleep(seconds[name])
        woken.append(name)

    async with anyio.create_task_group() as group:
        for name in seconds:
            group.start_soon(sleep, name)
    return woken


async def racy() -> None:
    """Sleep equally long."""
    woken = await woken_in(a=1, b=1)
    assert woken == ["a", "b"], f"woken: {woken}"


async def safe() -> None:
    """Leave time between the two."""
    woken = await woken_in(a=1, b=2)
    assert woken == ["a", "b"], f"woken: {woken}"


def model(**seconds: float) -> Model:
    """The same without an event loop."""
    woken: list[str] = []

    def sleep(name: str) -> Steps:
        yield float(seconds[name])
        woken.append(name)

    return Model([sleep(name) for name in seconds], lambda: woken == ["a", "b"])


def racy_model() -> Model:
    """Of `racy`."""
    return model(a=1, b=1)


def safe_model() -> Model:
    """Of `safe`."""
    return model(a=1, b=2)
