"""Three requests, of which two are allowed: each reads how many there were and writes one more.

Racy: R1 reads and asks the log, R2 writes what it has read and one. Who finds two at R1 is refused, and has
no second step: then two have been written, each after its own reading, one after the other. That is A1 A2 B1
B2 C1 in 6 orders of the tasks. All other orders of three times two steps let all three through: of 90
schedules 84 fail.

Safe: R1 reads and writes, R2 does nothing more; the third one to come has R1 alone. The first two come in 6
orders, and then there are the 2 second steps and the lone one to be put in order, as far as each comes after
its first: A1 B1 C1 with A2 B2 open (see below), C being the lone one.
- A2 before B1, B2 before C1: 1
- A2 before B1, B2 after C1: 1
- A2 after B1, and A2 B2 C1 in any order: 6
8 for each of 6 orders: 48 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (90, 84)
SAFE = 48
KIND = "exception"
LIMIT = 2


async def racy() -> None:
    """Count after the log was asked."""
    used = 0
    granted: list[str] = []

    async def request(name: str) -> None:
        nonlocal used
        before = used
        if before < LIMIT:
            await anyio.lowlevel.checkpoint()
            used = before + 1
            granted.append(name)

    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(request, name)
    assert len(granted) <= LIMIT, f"granted {granted}"


async def safe() -> None:
    """Count first."""
    used = 0
    granted: list[str] = []

    async def request(name: str) -> None:
        nonlocal used
        if used < LIMIT:
            used += 1
            await anyio.lowlevel.checkpoint()
            granted.append(name)

    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(request, name)
    assert len(granted) <= LIMIT, f"granted {granted}"


def model(*, counts_first: bool) -> Model:
    """The same without an event loop."""
    used = 0
    granted: list[bool] = []

    def request() -> Steps:
        nonlocal used
        before = used
        if before < LIMIT:
            if counts_first:
                used = before + 1
            yield
            if not counts_first:
                used = before + 1
            granted.append(True)

    return Model([request() for _ in range(3)], lambda: len(granted) <= LIMIT)


def racy_model() -> Model:
    """Of `racy`."""
    return model(counts_first=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(counts_first=True)
