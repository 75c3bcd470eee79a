"""A task is told of news by a pulse, which only reaches those who wait already; a third one beats on.

W1 waits for the pulse, W2 has it. N1 looks for news, N2 tells. H1 looks whether all is done, and then each
second again; behind W2 it is all of H. The pulse that comes before W1 is missed, and W waits for ever, beside
H, which goes on: no deadlock, for something is always alive.

Racy: W1, N1 and N2 come in 3 orders. Where W1 is last, H1 is in one of 4 places: 4 schedules, all hang. In
the 2 other orders W2 follows, and H1 is in one of 5 places: 10 schedules.

Safe: N2 leaves the news, which stays, and W1 waits for that: 3 orders, 5 places, 15 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Event, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (14, 4)
SAFE = 15
KIND = "hang"


class Pulse:
    """Wakes who waits now."""

    def __init__(self) -> None:
        self.event = anyio.Event()

    def beat(self) -> None:
        """Wake them, and forget it."""
        self.event.set()
        self.event = anyio.Event()


async def racy() -> None:
    """Forget the news when they were told."""
    pulse = Pulse()
    is_done = False

    async def wait() -> None:
        nonlocal is_done
        await pulse.event.wait()
        is_done = True

    async def tell() -> None:
        await anyio.lowlevel.checkpoint()
        pulse.beat()

    async def heart() -> None:
        while not is_done:  # noqa: ASYNC110  # this is about a task that looks now and then
            await anyio.sleep(1)

    async with anyio.create_task_group() as group:
        for task in (wait, tell, heart):
            group.start_soon(task)


async def safe() -> None:
    """Leave the news there."""
    news = anyio.Event()
    is_done = False

    async def wait() -> None:
        nonlocal is_done
        await news.wait()
        is_done = True

    async def tell() -> None:
        await anyio.lowlevel.checkpoint()
        news.set()

    async def heart() -> None:
        while not is_done:  # noqa: ASYNC110  # as above
            await anyio.sleep(1)

    async with anyio.create_task_group() as group:
        for task in (wait, tell, heart):
            group.start_soon(task)


def model(*, forgets: bool) -> Model:
    """The same without an event loop."""
    news = Event()
    is_done = False

    def wait() -> Steps:
        nonlocal is_done
        yield from news.wait()
        is_done = True

    def tell() -> Steps:
        nonlocal news
        yield
        news.set()
        if forgets:
            news = Event()

    def heart() -> Steps:
        while not is_done:
            yield 1.0

    return Model([wait(), tell(), heart()])


def racy_model() -> Model:
    """Of `racy`."""
    return model(forgets=True)


def safe_model() -> Model:
    """Of `safe`."""
    return model(forgets=False)
