"""Two tasks want one client, made by whoever finds none: the lock is there, the second look is not.

Racy: A1 finds none and takes the lock, A2 connects, A3 keeps the client. B1 comes after A1, A2 or A3; in the
first two cases it has found none and waits, B2 connects again after A3, B3 keeps that. In the third B1 finds
the client and is all of B. With B first as many: 6 schedules, 4 fail.

Safe: B2 looks again, and is all of the rest: 6 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Lock, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 6
KIND = "exception"


async def racy() -> None:
    """Trust the look from before the lock."""
    client: object = None
    connects = 0
    lock = anyio.Lock()

    async def want() -> None:
        nonlocal client, connects
        if client is None:
            async with lock:
                connects += 1
                await anyio.lowlevel.checkpoint()
                client = object()

    async with anyio.create_task_group() as group:
        group.start_soon(want)
        group.start_soon(want)
    assert connects == 1, f"connected {connects} times"


async def safe() -> None:
    """Look again under the lock."""
    client: object = None
    connects = 0
    lock = anyio.Lock()

    async def want() -> None:
        nonlocal client, connects
        if client is None:
            async with lock:
                if client is None:
                    connects += 1
                    await anyio.lowlevel.checkpoint()
                    client = object()

    async with anyio.create_task_group() as group:
        group.start_soon(want)
        group.start_soon(want)
    assert connects == 1, f"connected {connects} times"


def model(*, looks_again: bool) -> Model:
    """The same without an event loop."""
    made: list[bool] = []
    lock = Lock()
    connects: list[bool] = []

    def want() -> Steps:
        if not made:
            yield from lock.acquire()
            if not (looks_again and made):
                connects.append(True)
                yield
                made.append(True)
            lock.release()

    return Model([want(), want()], lambda: len(connects) == 1)


def racy_model() -> Model:
    """Of `racy`."""
    return model(looks_again=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(looks_again=True)
