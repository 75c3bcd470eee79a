"""Two workers share one slot, and a third task stops them: who sees the stop does not give the slot back.

W1 takes the slot or waits for it, W2 works if there was no stop, W3 gives the slot back. S1 stops.

Racy: a worker that has the slot and sees the stop at W2 keeps the slot, and the other waits for ever if it
has not had it before. The model below counts.

Safe: the slot is given back on every way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model, Semaphore

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (38, 10)
SAFE = 38
KIND = "deadlock"


async def racy() -> None:
    """Leave early without giving it back."""
    slots = anyio.Semaphore(1)
    is_stopped = False

    async def work() -> None:
        await slots.acquire()
        if is_stopped:
            return
        await anyio.lowlevel.checkpoint()
        slots.release()

    async def stop() -> None:
        nonlocal is_stopped
        is_stopped = True

    async with anyio.create_task_group() as group:
        for task in (work, work, stop):
            group.start_soon(task)


async def safe() -> None:
    """Give it back in any case."""
    slots = anyio.Semaphore(1)
    is_stopped = False

    async def work() -> None:
        async with slots:
            if is_stopped:
                return
            await anyio.lowlevel.checkpoint()

    async def stop() -> None:
        nonlocal is_stopped
        is_stopped = True

    async with anyio.create_task_group() as group:
        for task in (work, work, stop):
            group.start_soon(task)


def model(*, leaks: bool) -> Model:
    """The same without an event loop."""
    slots = Semaphore(1)
    is_stopped = False

    def work() -> Steps:
        yield from slots.acquire()
        if not is_stopped:
            yield
            slots.release()
        elif not leaks:
            slots.release()

    def stop() -> Steps:
        nonlocal is_stopped
        is_stopped = True
        yield from ()

    return Model([work(), work(), stop()])


def racy_model() -> Model:
    """Of `racy`."""
    return model(leaks=True)


def safe_model() -> Model:
    """Of `safe`."""
    return model(leaks=False)
