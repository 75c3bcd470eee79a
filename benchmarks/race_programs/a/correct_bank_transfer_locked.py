"""Ledger service moving money between accounts; a transfer holds the locks of both accounts.
SAFE BECAUSE: every read-await-write of a balance happens under the locks of both accounts, taken in a fixed order, and
no other code writes balances without holding the account's lock.
"""
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass
class Account:
    number: str
    balance: int = 0
    lock: anyio.Lock = field(default_factory=anyio.Lock, repr=False)


class FraudCheck:
    def __init__(self, latency):
        self.latency = latency

    async def approve(self, source, target, amount):
        await anyio.sleep(self.latency.get(target, 0.01))
        return amount < 10_000


class Ledger:
    def __init__(self, accounts, fraud):
        self._accounts = {a.number: a for a in accounts}
        self._fraud = fraud
        self.journal = []

    @asynccontextmanager
    async def _locked(self, *numbers):
        accounts = [self._accounts[n] for n in sorted(set(numbers))]
        async with accounts[0].lock:
            if len(accounts) == 1:
                yield
            else:
                async with accounts[1].lock:
                    yield

    def balance_of(self, number):
        return self._accounts[number].balance

    def store_balance(self, number, value):
        self._accounts[number].balance = value

    async def transfer(self, source, target, amount):
        async with self._locked(source, target):
            source_balance = self.balance_of(source)
            target_balance = self.balance_of(target)
            if source_balance < amount or not await self._fraud.approve(source, target, amount):
                return False
            self.store_balance(source, source_balance - amount)
            self.store_balance(target, target_balance + amount)
        self.journal.append((source, target, amount))
        return True

    @property
    def total(self):
        return sum(a.balance for a in self._accounts.values())


def damage(ledger) -> bool:
    return ledger.total != 120 or len(ledger.journal) != 3


async def main():
    ledger = Ledger(
        [Account("checking", 100), Account("rent", 0), Account("savings", 20)],
        FraudCheck({"rent": 0.01, "savings": 0.03}),
    )
    async with anyio.create_task_group() as tg:
        tg.start_soon(ledger.transfer, "checking", "rent", 60)
        tg.start_soon(ledger.transfer, "checking", "savings", 30)
        tg.start_soon(ledger.transfer, "savings", "rent", 5)
    print("journal", ledger.journal, "total", ledger.total, "damage", damage(ledger))
    return ledger


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
