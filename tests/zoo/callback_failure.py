"""A connection calls back when it is lost, and the callback writes into a log that another task closes.

asyncio runs a callback between two steps, and tells its exception handler what it raises; trio has none, and
there it is called in the step itself. Either way no other task gets in between.

Racy: L1 connects, L2 loses the connection, and the callback writes; C1 flushes the log, C2 closes it. It
fails if C2 comes before L2, that is if L2 is last, in 3 of the 6 orders.

Safe: the callback looks whether the log is open: 6 schedules.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from schedulemodel import Steps

RACY = (6, 3)
SAFE = 6
KIND = {"asyncio": "loop-handler", "trio": "exception"}


def call_back(callback: Callable[[], object]) -> None:
    """As soon as the loop can."""
    try:
        asyncio.get_running_loop().call_soon(callback)
    except RuntimeError:  # no loop of asyncio's
        callback()


async def connect(on_lost: Callable[[], object]) -> None:
    """Connect, and lose the connection."""
    await anyio.lowlevel.checkpoint()
    call_back(on_lost)


async def close(log: io.StringIO) -> None:
    """Flush it first."""
    await anyio.lowlevel.checkpoint()
    log.close()


async def racy() -> None:
    """Believe that the log is open as long as there are connections."""
    log = io.StringIO()

    async with anyio.create_task_group() as group:
        group.start_soon(connect, lambda: log.write("lost"))
        group.start_soon(close, log)


async def safe() -> None:
    """Ask."""
    log = io.StringIO()

    async with anyio.create_task_group() as group:
        group.start_soon(connect, lambda: log.closed or log.write("lost"))
        group.start_soon(close, log)


def model(*, asks: bool) -> Model:
    """The same without an event loop."""
    is_open, is_right = True, True

    def connect() -> Steps:
        nonlocal is_right
        yield
        is_right = is_open or asks

    def close() -> Steps:
        nonlocal is_open
        yield
        is_open = False

    return Model([connect(), close()], lambda: is_right)


def racy_model() -> Model:
    """Of `racy`."""
    return model(asks=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(asks=True)
