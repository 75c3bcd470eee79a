"""A task writes to a connection that was open when it looked; another one closes it.

Racy: W1 looks and waits for room, W2 writes; C1 says goodbye, C2 closes. If C2 comes before W1, W1 is all of
W. Else the 4 steps are W1 and W2 in order, C1 and C2 in order, and W1 before C2:
- C1 C2 W1;
- C2 last: W1 W2 C1, W1 C1 W2, C1 W1 W2: 3, and all is well;
- W2 last, W1 before C2: W1 C1 C2 W2, C1 W1 C2 W2: these 2 fail.
6 schedules, 2 fail.

Safe: W2 looks again: 6 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 2)
SAFE = 6
KIND = "exception"


class Connection:
    """One that is open until it is closed."""

    def __init__(self) -> None:
        self.is_open = True
        self.sent: list[str] = []

    def write(self, text: str) -> None:
        """Only while it is open."""
        if not self.is_open:
            raise RuntimeError("write after close")
        self.sent.append(text)

    async def close(self) -> None:
        """Say goodbye first."""
        await anyio.lowlevel.checkpoint()
        self.is_open = False


async def racy() -> None:
    """Look before the await."""
    connection = Connection()

    async def write() -> None:
        if connection.is_open:
            await anyio.lowlevel.checkpoint()
            connection.write("hello")

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        group.start_soon(connection.close)


async def safe() -> None:
    """Look after it too."""
    connection = Connection()

    async def write() -> None:
        if connection.is_open:
            await anyio.lowlevel.checkpoint()
            if connection.is_open:
                connection.write("hello")

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        group.start_soon(connection.close)


def model(*, looks_again: bool) -> Model:
    """The same without an event loop."""
    is_open, is_right = True, True

    def write() -> Steps:
        nonlocal is_right
        if is_open:
            yield
            is_right = is_open or looks_again

    def close() -> Steps:
        nonlocal is_open
        yield
        is_open = False

    return Model([write(), close()], lambda: is_right)


def racy_model() -> Model:
    """Of `racy`."""
    return model(looks_again=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(looks_again=True)
