"""Revenue report that converts orders to one currency and sums them up by customer.
RACE: lost update - Report.add evaluates `self.by_customer.get(...)` (# READ), awaits the exchange rate in the same
expression, then stores the sum (# ACT); orders converted in parallel are missing from the customer's total.
"""
import sys
from typing import NamedTuple

import anyio


class Order(NamedTuple):
    customer: str
    amount: int
    currency: str


class Rates:
    table = {"EUR": 1, "USD": 2, "GBP": 3}

    def __init__(self):
        self.requests = 0

    async def convert(self, amount, currency):
        self.requests += 1
        await anyio.sleep(0.02 * self.table[currency])
        return amount * self.table[currency]


class Report:
    def __init__(self, rates):
        self.rates = rates
        self.by_customer = {}

    async def add(self, order):
        self.by_customer[order.customer] = (  # ACT
            self.by_customer.get(order.customer, 0)  # READ
            + await self.rates.convert(order.amount, order.currency)
        )

    def top(self):
        return max(self.by_customer.items(), key=lambda kv: kv[1])


class Importer:
    def __init__(self, report):
        self.report = report

    async def load(self, orders):
        async with anyio.create_task_group() as tg:
            for order in orders:
                tg.start_soon(self.report.add, order)


def damage(report) -> bool:
    return report.by_customer != {"ann": 10 + 20 + 30, "bob": 70}


async def main():
    report = Report(Rates())
    await Importer(report).load(
        [Order("ann", 10, "EUR"), Order("ann", 10, "USD"), Order("ann", 10, "GBP"), Order("bob", 70, "EUR")]
    )
    print(report.by_customer, "top", report.top(), "damage", damage(report))
    return report


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
