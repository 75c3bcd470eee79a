"""A task looks whether something is ready, and if not, waits to be told; the other tells once.

Racy: W1 looks, W2 leaves an event and waits for it, W3 is woken; N1 tells. N1 W1, where W1 is all of W, is
fine, and so is W1 W2 N1 W3. In W1 N1 W2 nobody waits yet when N tells, and W waits for ever. 3 schedules, 1
fails.

Safe: W1 looks and leaves the event in one step. N1 W1 or W1 N1 W2: 2 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Event, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (3, 1)
SAFE = 2
KIND = "deadlock"


class Mailbox:
    """Something that gets ready, and who is to be told."""

    def __init__(self) -> None:
        self.is_ready = False
        self.waiter: anyio.Event | None = None

    async def tell(self) -> None:
        """Make it ready, and tell who waits."""
        self.is_ready = True
        if self.waiter is not None:
            self.waiter.set()

    async def wait(self) -> None:
        """Wait to be told."""
        self.waiter = anyio.Event()
        await self.waiter.wait()


async def racy() -> None:
    """Give up control between looking and waiting."""
    box = Mailbox()

    async def waiter() -> None:
        if not box.is_ready:
            await anyio.lowlevel.checkpoint()
            await box.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(waiter)
        group.start_soon(box.tell)


async def safe() -> None:
    """Look and wait in one step."""
    box = Mailbox()

    async def waiter() -> None:
        if not box.is_ready:
            await box.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(waiter)
        group.start_soon(box.tell)


def model(*, yields: bool) -> Model:
    """The same without an event loop."""
    is_ready = False
    waiters: list[Event] = []

    def wait() -> Steps:
        if not is_ready:
            if yields:
                yield
            waiters.append(Event())
            yield from waiters[-1].wait()

    def tell() -> Steps:
        nonlocal is_ready
        is_ready = True
        for waiter in waiters:
            waiter.set()
        yield from ()

    return Model([wait(), tell()])


def racy_model() -> Model:
    """Of `racy`."""
    return model(yields=True)


def safe_model() -> Model:
    """Of `safe`."""
    return model(yields=False)
