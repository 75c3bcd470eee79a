"""Shop inventory: the check is in a property, the decrement in a helper.

RACE: check-then-act - `if item.available < qty` in Checkout.buy() reads, the payment
is awaited, `_take()` decrements; two orders for the last piece oversell it.
"""
import anyio


class Item:
    def __init__(self, sku, on_hand):
        self.sku = sku
        self.on_hand = on_hand
        self.damaged = 0

    @property
    def available(self):
        return self.on_hand - self.damaged


class Payments:
    def __init__(self):
        self.charged = []

    async def charge(self, customer, cents):
        await anyio.sleep(0.06)
        self.charged.append((customer, cents))


class Checkout:
    def __init__(self, items, payments):
        self.items = {i.sku: i for i in items}
        self.payments = payments
        self.shipped = []

    def _take(self, item, qty):
        item.on_hand -= qty

    async def buy(self, customer, sku, qty=1):
        item = self.items[sku]
        if item.available < qty:
            return "sold out"
        await self.payments.charge(customer, 999 * qty)
        self._take(item, qty)
        self.shipped.append((customer, sku))
        return "ok"


async def main():
    shop = Checkout([Item("mug", 2), Item("cap", 9)], Payments())
    results = {}

    async def customer(name, delay, qty):
        await anyio.sleep(delay)
        results[name] = await shop.buy(name, "mug", qty)

    async with anyio.create_task_group() as tg:
        tg.start_soon(customer, "eve", 0, 2)
        tg.start_soon(customer, "joe", 0.03, 1)
    return {"on_hand": shop.items["mug"].on_hand, "results": results}


def damage(state):
    return state["on_hand"] < 0


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
