"""Cart total accumulated with `+=` whose right side awaits.

RACE: lost update - `self.total += await self.catalog.price(sku)` loads self.total
before the await and stores after it; a line added meanwhile is missing in the total.
"""
import anyio


class Catalog:
    prices = {"pen": 2, "ink": 5, "pad": 4}
    latency = {"pen": 0.09, "ink": 0.03, "pad": 0.02}

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
            self.total += await self.catalog.price(sku)
            self.lines.append(sku)


class CartHandler:
    def __init__(self, catalog):
        self.catalog = catalog
        self.carts = {}

    def cart(self, user):
        if user not in self.carts:
            self.carts[user] = Cart(self.catalog)
        return self.carts[user]

    async def post(self, user, sku):
        cart = self.cart(user)
        await cart.add(sku)
        return {"lines": len(cart.lines), "total": cart.total}


async def main():
    handler = CartHandler(Catalog())

    async def tab(sku, delay):
        await anyio.sleep(delay)
        await handler.post("lee", sku)

    async with anyio.create_task_group() as tg:
        tg.start_soon(tab, "pen", 0)
        tg.start_soon(tab, "ink", 0.02)
        tg.start_soon(tab, "pad", 0.12)
    cart = handler.carts["lee"]
    return {"total": cart.total, "expected": sum(Catalog.prices[s] for s in cart.lines)}


def damage(state):
    return state["total"] != state["expected"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
