"""Cart total: the price is awaited first, then added in one step.

SAFE BECAUSE: `price = await ...` ends before `self.total += price` starts; the read and the
write of the augmented assignment are in one step. Creating a cart goes through
setdefault in the same step as its first use.
"""
import anyio


class Catalog:
    prices = {"pen": 2, "ink": 5, "pad": 4}
    latency = {"pen": 0.09, "ink": 0.03, "pad": 0.04}

    async def price(self, sku):
        await anyio.sleep(self.latency[sku])
        return self.prices[sku]


class Cart:
    def __init__(self, catalog):
        self.catalog = catalog
        self.total = 0
        self.lines = []

    async def add(self, sku, qty=1):
        for _ in range(qty):
            price = await self.catalog.price(sku)
            self.total += price
            self.lines.append(sku)

    def remove(self, sku):
        if sku in self.lines:
            self.lines.remove(sku)
            self.total -= self.catalog.prices[sku]


class CartHandler:
    def __init__(self, catalog):
        self.catalog = catalog
        self.carts = {}

    async def post(self, user, sku, qty):
        cart = self.carts.setdefault(user, Cart(self.catalog))
        await cart.add(sku, qty)
        return len(cart.lines), cart.total


async def main():
    handler = CartHandler(Catalog())

    async def tab(sku, qty, delay):
        await anyio.sleep(delay)
        await handler.post("lee", sku, qty)

    async with anyio.create_task_group() as tg:
        tg.start_soon(tab, "pen", 2, 0)
        tg.start_soon(tab, "ink", 3, 0.02)
        tg.start_soon(tab, "pad", 1, 0.02)
        await anyio.sleep(0.14)
        handler.carts["lee"].remove("ink")
    cart = handler.carts["lee"]
    return {"total": cart.total, "expected": sum(Catalog.prices[s] for s in cart.lines), "n": len(cart.lines)}


def damage(state):
    return state["total"] != state["expected"] 


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
