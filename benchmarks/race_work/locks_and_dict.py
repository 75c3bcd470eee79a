"""Workers move amounts between accounts that are kept in a dict, each under a lock."""

from __future__ import annotations

import anyio

WORKERS = 10


class Bank:
    """Accounts by number, and a lock for all of them."""

    def __init__(self, count: int) -> None:
        self.lock = anyio.Lock()
        self.accounts = dict.fromkeys(range(count), 100)
        self.moves = 0

    def covers(self, number: int, amount: int) -> bool:
        """Tell whether an account has so much."""
        return self.accounts[number] >= amount

    async def move(self, source: int, target: int, amount: int) -> None:
        """Take from one and give to the other."""
        async with self.lock:
            if self.covers(source, amount):
                left = self.accounts[source] - amount
                await anyio.lowlevel.checkpoint()
                self.accounts[source] = left
                self.accounts[target] = self.accounts.get(target, 0) + amount
                self.moves += 1


async def main(times: int) -> None:
    """Make `times` moves in each worker."""
    bank = Bank(50)

    async def work(first: int) -> None:
        for number in range(times):
            await bank.move((first + number) % 50, (first + number * 7) % 50, number % 5)

    async with anyio.create_task_group() as group:
        for first in range(WORKERS):
            group.start_soon(work, first)
