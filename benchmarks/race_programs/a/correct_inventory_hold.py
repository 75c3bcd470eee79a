"""Shop checkout: put a hold on the goods, charge the card, release the hold if the payment fails.
SAFE BECAUSE: the availability test and the decrement are one atomic step before the payment is awaited; a declined
payment puts the quantity back with `+=`, whatever happened to the stock meanwhile.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class StockLine:
    sku: str
    on_hand: int
    lowest: int = 0


class OutOfStock(Exception):
    pass


class Declined(Exception):
    pass


class Warehouse:
    def __init__(self, lines):
        self.lines = {line.sku: line for line in lines}

    def in_stock(self, sku, qty):
        return self.lines[sku].on_hand >= qty

    def hold(self, sku, qty):
        if not self.in_stock(sku, qty):
            raise OutOfStock(sku)
        line = self.lines[sku]
        line.on_hand -= qty
        line.lowest = min(line.lowest, line.on_hand)

    def restock(self, sku, qty):
        self.lines[sku].on_hand += qty


class Payments:
    async def charge(self, customer, cents):
        await anyio.sleep(0.01 if customer != "bob" else 0.02)
        if customer == "cid":
            raise Declined(customer)


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
        try:
            self.warehouse.hold(order.sku, order.qty)
            await self.payments.charge(order.customer, 1999 * order.qty)
        except OutOfStock:
            order.status = "sold out"
        except Declined:
            self.warehouse.restock(order.sku, order.qty)
            order.status = "declined"
        else:
            order.status = "confirmed"


def damage(state) -> bool:
    line, orders = state
    sold = sum(o.qty for o in orders if o.status == "confirmed")
    return line.lowest < 0 or line.on_hand + sold != 4


async def main():
    warehouse = Warehouse([StockLine("lamp", 3)])
    checkout = Checkout(warehouse, Payments())
    orders = [Order(c, "lamp") for c in ("ann", "bob", "cid", "dan")]
    async with anyio.create_task_group() as tg:
        for order in orders:
            tg.start_soon(checkout.place, order)
        await anyio.sleep(0.005)
        warehouse.restock("lamp", 1)
    state = (warehouse.lines["lamp"], orders)
    print([o.status for o in orders], state[0], "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
