"""Two tasks take a connection out of a pool of one, which is counted only after a look at its health.

Racy: A1 finds the pool free and looks at the connection, A2 takes it out, A3 gives it back; B alike, but a B1
between A2 and A3 is all of B. When A is first:
- A1 B1, and of A2 A3 B2 B3 in 4! / (2! 2!) = 6 orders only A2 A3 B2 B3 and B2 B3 A2 A3 never have it out
  twice: 6 schedules, 4 fail;
- A1 A2 B1 A3;
- A1 A2 A3 B1 B2 B3.
With B first as many: 16 schedules, 8 fail.

Safe: A1 takes it out, A2 looks at it, A3 gives it back. A1 B1 A2 A3, A1 A2 B1 A3, A1 A2 A3 B1 B2 B3. With B
first as many: 6 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (16, 8)
SAFE = 6
KIND = "exception"


async def racy() -> None:
    """Count it after the look."""
    out = most = 0

    async def use() -> None:
        nonlocal out, most
        if out == 0:
            await anyio.lowlevel.checkpoint()
            out += 1
            most = max(most, out)
            await anyio.lowlevel.checkpoint()
            out -= 1

    async with anyio.create_task_group() as group:
        group.start_soon(use)
        group.start_soon(use)
    assert most == 1, f"out {most} times"


async def safe() -> None:
    """Count it before the look."""
    out = most = 0

    async def use() -> None:
        nonlocal out, most
        if out == 0:
            out += 1
            most = max(most, out)
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            out -= 1

    async with anyio.create_task_group() as group:
        group.start_soon(use)
        group.start_soon(use)
    assert most == 1, f"out {most} times"


def model(*, counts_first: bool) -> Model:
    """The same without an event loop."""
    out: list[bool] = []
    most = [0]

    def use() -> Steps:
        if not out:
            if not counts_first:
                yield
            out.append(True)
            most.append(len(out))
            yield
            if counts_first:
                yield
            out.pop()

    return Model([use(), use()], lambda: max(most) == 1)


def racy_model() -> Model:
    """Of `racy`."""
    return model(counts_first=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(counts_first=True)
