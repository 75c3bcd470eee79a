"""The money in three accounts is counted one account after the other, while two transfers move some on.

A1 counts the first account, A2 the second, A3 the third. M1 moves money from the first one to the second, N1
from the second to the third. M1 in the gap between A1 and A2 counts twice, N1 in the gap between A2 and A3
does. M1 and N1 come in 20 ways between the steps of A: each in one of four gaps, and in the same one in two
orders. M1 is in the bad gap in 5 of them, N1 too, and in 1 both are.

Racy: it fails if either is, in 9 of 20 schedules.

Safe: A looks at the three in one step, before it does anything with them: 20 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (20, 9)
SAFE = 20
KIND = "exception"


async def move(accounts: list[int], source: int) -> None:
    """To the next one."""
    accounts[source] -= 10
    accounts[source + 1] += 10


async def racy() -> None:
    """Count one after the other."""
    accounts = [100, 100, 100]
    total = 0

    async def audit() -> None:
        nonlocal total
        for number in range(3):
            total += accounts[number]
            if number < 2:
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(move, accounts, 0)
        group.start_soon(move, accounts, 1)
        group.start_soon(audit)
    assert total == 300, f"counted {total}"


async def safe() -> None:
    """Count a copy."""
    accounts = [100, 100, 100]
    total = 0

    async def audit() -> None:
        nonlocal total
        copy = accounts.copy()
        for number in range(3):
            total += copy[number]
            if number < 2:
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(move, accounts, 0)
        group.start_soon(move, accounts, 1)
        group.start_soon(audit)
    assert total == 300, f"counted {total}"


def model(*, copies: bool) -> Model:
    """The same without an event loop."""
    accounts = [100, 100, 100]
    seen: list[int] = []

    def move(source: int) -> Steps:
        accounts[source] -= 10
        accounts[source + 1] += 10
        yield from ()

    def audit() -> Steps:
        copy = accounts.copy() if copies else accounts
        seen.append(copy[0])
        yield
        seen.append(copy[1])
        yield
        seen.append(copy[2])

    return Model([move(0), move(1), audit()], lambda: sum(seen) == 300)


def racy_model() -> Model:
    """Of `racy`."""
    return model(copies=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(copies=True)
