"""Shop checkout: check the stock, charge the card, take the goods from the shelf.
RACE: check-then-act - Checkout.place checks Warehouse.in_stock (# READ), awaits the payment, then Warehouse.remove
(# ACT) decrements; the last item is sold twice and on_hand becomes negative.
"""
import sys
from dataclasses import dataclass, field

import anyio


@dataclass
class StockLine:
    sku: str
    on_hand: int
    picked_for: list = field(default_factory=list)


class Warehouse:
    def __init__(self, lines):
        self.lines = {line.sku: line for line in lines}

    def in_stock(self, sku, qty):
        line = self.lines.get(sku)
        return line is not None and line.on_hand >= qty

    def remove(self, sku, qty, order):
        line = self.lines[sku]
        line.on_hand -= qty  # ACT
        line.picked_for.append(order)


class Payments:
    def __init__(self):
        self.charged = []

    async def charge(self, customer, cents):
        await anyio.sleep(0.04 if customer == "ann" else 0.08)
        self.charged.append((customer, cents))


@dataclass
class Order:
    customer: str
    sku: str
    qty: int = 1
    status: str = "new"


class Checkout:
    def __init__(self, warehouse, payments):
        self.warehouse = warehouse
        self.payments = payments

    async def place(self, order):
        if not self.warehouse.in_stock(order.sku, order.qty):  # READ
            order.status = "sold out"
            return
        await self.payments.charge(order.customer, 1999 * order.qty)
        self.warehouse.remove(order.sku, order.qty, order.customer)
        order.status = "confirmed"


def damage(warehouse) -> bool:
    return any(line.on_hand < 0 for line in warehouse.lines.values())


async def main():
    warehouse = Warehouse([StockLine("lamp", 1), StockLine("chair", 4)])
    checkout = Checkout(warehouse, Payments())
    orders = [Order("ann", "lamp"), Order("bob", "lamp"), Order("cid", "chair")]
    async with anyio.create_task_group() as tg:
        for order in orders:
            tg.start_soon(checkout.place, order)
    print([o.status for o in orders], warehouse.lines["lamp"], "damage", damage(warehouse))
    return warehouse


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
