"""A task is told of news by a pulse, which only reaches those who wait already; a third one beats on.

W1 connects, W2 waits for the pulse, W3 has it. N1 looks for news, N2 tells. H looks each second whether all
is done. The pulse that comes before W2 is missed, and W waits for ever, beside H, which goes on: no deadlock,
for something is always alive. The model below counts.

Safe: N2 leaves the news, and W2 waits for that; the news stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Event, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (33, 15)
SAFE = 36
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
        await anyio.lowlevel.checkpoint()
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
        await anyio.lowlevel.checkpoint()
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
        yield
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
