"""Two withdrawals of 60 from an account of 100, which look at the balance first.

Racy: A1 looks, A2 takes the money; B alike, but B1 is all of B if there is not enough. When A is first: A1
A2 B1 is fine; A1 B1 A2 B2 and A1 B1 B2 A2 overdraw. With B first as many: 6 schedules, 4 fail.

Safe: A1 looks and takes the money, A2 does nothing more; B1 is all of B. A1 B1 A2 or A1 A2 B1. With B first
as many: 4 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 4
KIND = "exception"


async def racy() -> None:
    """Ask the bank between looking and taking."""
    balance = 100

    async def withdraw(amount: int) -> None:
        nonlocal balance
        if balance >= amount:
            await anyio.lowlevel.checkpoint()
            balance -= amount

    async with anyio.create_task_group() as group:
        group.start_soon(withdraw, 60)
        group.start_soon(withdraw, 60)
    assert balance >= 0, f"overdrawn: {balance}"


async def safe() -> None:
    """Take the money in the step that looks."""
    balance = 100

    async def withdraw(amount: int) -> None:
        nonlocal balance
        if balance >= amount:
            balance -= amount
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(withdraw, 60)
        group.start_soon(withdraw, 60)
    assert balance >= 0, f"overdrawn: {balance}"


def model(*, takes_first: bool) -> Model:
    """The same without an event loop."""
    balance = 100

    def withdraw() -> Steps:
        nonlocal balance
        if balance >= 60:
            if takes_first:
                balance -= 60
            yield
            if not takes_first:
                balance -= 60

    return Model([withdraw(), withdraw()], lambda: balance >= 0)


def racy_model() -> Model:
    """Of `racy`."""
    return model(takes_first=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(takes_first=True)
