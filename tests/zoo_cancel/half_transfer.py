"""Money is taken from one account, and after an await put into another.

A task that is cancelled in between loses it. Safe: the await is shielded.
"""

from __future__ import annotations

import anyio

KIND = "exception"


async def racy() -> None:
    """Ask the other bank in between."""
    source, target = 100, 0

    async def transfer(amount: int) -> None:
        nonlocal source, target
        source -= amount
        await anyio.sleep(1)
        target += amount

    async with anyio.create_task_group() as group:
        for amount in (10, 20, 30):
            group.start_soon(transfer, amount)
    assert source + target == 100, f"{source} and {target}"


async def safe() -> None:
    """Ask it whatever happens."""
    source, target = 100, 0

    async def transfer(amount: int) -> None:
        nonlocal source, target
        source -= amount
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        target += amount

    async with anyio.create_task_group() as group:
        for amount in (10, 20, 30):
            group.start_soon(transfer, amount)
    assert source + target == 100, f"{source} and {target}"
