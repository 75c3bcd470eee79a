"""Shop inventory: the check is in a property, the decrement in a helper.

SAFE BECAUSE: buy() checks and reserves in one step (`item.held += qty`), `available` counts
reservations; after the payment the hold is turned into a sale or given back, again
in one step with relative updates.
"""
import anyio


class Item:
    def __init__(self, sku, on_hand):
        self.sku = sku
        self.on_hand = on_hand
        self.held = 0

    @property
    def available(self):
        return self.on_hand - self.held


class CardDeclined(Exception):
    pass


class Payments:
    async def charge(self, customer, cents):
        await anyio.sleep(0.06)
        if customer == "bad":
            raise CardDeclined


class Checkout:
    def __init__(self, items, payments):
        self.items = {i.sku: i for i in items}
        self.payments = payments
        self.shipped = []

    async def buy(self, customer, sku, qty=1):
        item = self.items[sku]
        if item.available < qty:
            return "sold out"
        item.held += qty
        try:
            await self.payments.charge(customer, 999 * qty)
        except CardDeclined:
            item.held -= qty
            return "declined"
        item.held -= qty
        item.on_hand -= qty
        self.shipped.append((customer, qty))
        return "ok"


async def main():
    shop = Checkout([Item("mug", 3)], Payments())
    results = {}

    async def customer(name, delay, qty):
        await anyio.sleep(delay)
        results[name] = await shop.buy(name, "mug", qty)

    async with anyio.create_task_group() as tg:
        tg.start_soon(customer, "eve", 0, 2)
        tg.start_soon(customer, "bad", 0.03, 1)
        tg.start_soon(customer, "joe", 0.1, 1)
        tg.start_soon(customer, "kay", 0.13, 1)
    item = shop.items["mug"]
    return {"on_hand": item.on_hand, "held": item.held, "results": results}


def damage(state):
    sold = {"eve": 2, "joe": 1, "kay": 1}
    out = sum(qty for name, qty in sold.items() if state["results"][name] == "ok")
    return state["on_hand"] < 0 or state["held"] != 0 or state["on_hand"] != 3 - out


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
