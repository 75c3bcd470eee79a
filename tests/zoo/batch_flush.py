"""Three tasks add a line to a batch; whoever makes it two sends it.

A1 adds, and sends if there are two, which lets the others in; A2 takes note that they were sent.

Racy: A2 clears the batch, and with it what was added meanwhile, which nobody sent. The second one to come has
two steps, the others have one: 6 orders to come in, and A2 of the second one before or after the third: 12
schedules. The 6 in which it is after fail.

Safe: A1 takes the two lines out before it sends: 12 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (12, 6)
SAFE = 12
KIND = "exception"
LINES = "abc"


async def racy() -> None:
    """Clear it after it was sent."""
    batch: list[str] = []
    sent: list[str] = []

    async def add(line: str) -> None:
        batch.append(line)
        if len(batch) == 2:
            sent.extend(batch)
            await anyio.lowlevel.checkpoint()
            batch.clear()

    async with anyio.create_task_group() as group:
        for line in LINES:
            group.start_soon(add, line)
    assert set(sent + batch) == set(LINES), f"sent {sent}, kept {batch}"


async def safe() -> None:
    """Take out what is to be sent."""
    batch: list[str] = []
    sent: list[str] = []

    async def add(line: str) -> None:
        nonlocal batch
        batch.append(line)
        if len(batch) == 2:
            taken, batch = batch, []
            await anyio.lowlevel.checkpoint()
            sent.extend(taken)

    async with anyio.create_task_group() as group:
        for line in LINES:
            group.start_soon(add, line)
    assert set(sent + batch) == set(LINES), f"sent {sent}, kept {batch}"


def racy_model() -> Model:
    """Of `racy`."""
    batch: list[str] = []
    sent: list[str] = []

    def add(line: str) -> Steps:
        batch.append(line)
        if len(batch) == 2:
            sent.extend(batch)
            yield
            batch.clear()

    return Model([add(line) for line in LINES], lambda: set(sent + batch) == set(LINES))


def safe_model() -> Model:
    """Of `safe`."""
    batch: list[str] = []
    sent: list[str] = []

    def add(line: str) -> Steps:
        batch.append(line)
        if len(batch) == 2:
            taken = batch.copy()
            batch.clear()
            yield
            sent.extend(taken)

    return Model([add(line) for line in LINES], lambda: set(sent + batch) == set(LINES))
