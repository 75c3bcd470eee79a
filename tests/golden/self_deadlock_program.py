"""A function that locks is called by one that has locked already."""

from __future__ import annotations

import anyio

from anymutex import Mutex

mux = Mutex()
balances = [100]


async def deposit(amount: int) -> None:
    """Lock, for those who have not."""
    async with mux:
        balances.append(amount)


async def transfer(amount: int) -> None:
    """Lock, and call what locks."""
    async with mux:
        await deposit(amount)


async def main() -> None:
    """Transfer in a task of its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(transfer, 10)
