"""Ledger service moving money between accounts, with a fraud check in the middle of a transfer.
RACE: lost update - Ledger.transfer reads both balances through balance_of() (# READ), awaits the fraud check,
then stores `stale balance - amount` through store_balance() (# ACT); the other transfer's debit is lost.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class Account:
    number: str
    balance: int = 0


class InsufficientFunds(Exception):
    pass


class FraudCheck:
    def __init__(self, latency):
        self.latency = latency

    async def approve(self, source, target, amount):
        await anyio.sleep(self.latency.get(target, 0.04))
        return amount < 10_000


class Ledger:
    def __init__(self, accounts, fraud):
        self._accounts = {a.number: a for a in accounts}
        self._fraud = fraud
        self.journal = []

    def balance_of(self, number):
        return self._accounts[number].balance

    def store_balance(self, number, value):
        self._accounts[number].balance = value

    async def transfer(self, source, target, amount):
        source_balance = self.balance_of(source)  # READ
        target_balance = self.balance_of(target)
        if source_balance < amount:
            raise InsufficientFunds(source)
        if not await self._fraud.approve(source, target, amount):
            return False
        self.store_balance(source, source_balance - amount)  # ACT
        self.store_balance(target, target_balance + amount)
        self.journal.append((source, target, amount))
        return True

    @property
    def total(self):
        return sum(a.balance for a in self._accounts.values())


def damage(ledger) -> bool:
    return ledger.total != 120


async def main():
    ledger = Ledger(
        [Account("checking", 100), Account("rent", 0), Account("savings", 20)],
        FraudCheck({"rent": 0.04, "savings": 0.12}),
    )
    async with anyio.create_task_group() as tg:
        tg.start_soon(ledger.transfer, "checking", "rent", 60)
        tg.start_soon(ledger.transfer, "checking", "savings", 30)
    print("journal", ledger.journal, "total", ledger.total, "damage", damage(ledger))
    return ledger


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
