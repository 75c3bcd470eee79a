"""Three users of a file; the last one to leave closes it.

Racy: A1 counts down and flushes, A2 looks whether the count is zero, and closes the file then. Three tasks of
two steps: 90 schedules. The count is zero after the last of A1, B1, C1, so whoever has its second step after
that closes, and one of them always does. It is fine if the last first step comes after two second ones, so
that it is followed by its own second step alone: of the first two tasks then 6 orders, of three tasks each
may be the last: 18. The other 72 fail.

Safe: A1 counts down, and decides: 90 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (90, 72)
SAFE = 90
KIND = "exception"
USERS = 3


async def racy() -> None:
    """Look at the count after the flush."""
    users, closed = USERS, 0

    async def leave() -> None:
        nonlocal users, closed
        users -= 1
        await anyio.lowlevel.checkpoint()
        if users == 0:
            closed += 1

    async with anyio.create_task_group() as group:
        for _ in range(USERS):
            group.start_soon(leave)
    assert closed == 1, f"closed {closed} times"


async def safe() -> None:
    """Look at it in the step that counts."""
    users, closed = USERS, 0

    async def leave() -> None:
        nonlocal users, closed
        users -= 1
        is_last = users == 0
        await anyio.lowlevel.checkpoint()
        if is_last:
            closed += 1

    async with anyio.create_task_group() as group:
        for _ in range(USERS):
            group.start_soon(leave)
    assert closed == 1, f"closed {closed} times"


def model(*, looks_first: bool) -> Model:
    """The same without an event loop."""
    users, closed = USERS, 0

    def leave() -> Steps:
        nonlocal users, closed
        users -= 1
        is_last = users == 0
        yield
        closed += is_last if looks_first else users == 0

    return Model([leave() for _ in range(USERS)], lambda: closed == 1)


def racy_model() -> Model:
    """Of `racy`."""
    return model(looks_first=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(looks_first=True)
