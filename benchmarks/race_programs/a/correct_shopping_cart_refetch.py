"""Shopping carts by user; checkout takes the cart away while an item may still be on its way into it.
SAFE BECAUSE: the cart that is looked at before the price quote is used for the quantity discount only; the item is put
into the cart which is fetched again with setdefault() after the quote.
"""
import sys

import anyio


class PriceService:
    prices = {"pen": 2, "desk": 150, "lamp": 40, "rug": 90}

    async def quote(self, sku, discount):
        await anyio.sleep(self.prices[sku] / 5000)
        return self.prices[sku] - (1 if discount else 0)


class CartService:
    def __init__(self, prices):
        self._prices = prices
        self._carts = {}
        self.accepted = []

    def _cart(self, user):
        return self._carts.setdefault(user, [])

    async def add(self, user, sku, start=0.0):
        await anyio.sleep(start)
        cart = self._cart(user)
        price = await self._prices.quote(sku, discount=len(cart) > 1)
        self._cart(user).append((sku, price))
        self.accepted.append(sku)

    def take(self, user):
        return self._carts.pop(user, [])

    def items(self, user):
        return self._carts.get(user, [])


class Checkout:
    def __init__(self, carts):
        self.carts = carts
        self.orders = []

    async def submit(self, user, start):
        await anyio.sleep(start)
        items = self.carts.take(user)
        await anyio.sleep(0.005)
        self.orders.append((user, tuple(items)))


def damage(state) -> bool:
    carts, checkout = state
    ordered = [sku for _, items in checkout.orders for sku, _ in items]
    waiting = [sku for sku, _ in carts.items("ann")]
    return sorted(ordered + waiting) != sorted(carts.accepted)


async def main():
    carts = CartService(PriceService())
    checkout = Checkout(carts)
    async with anyio.create_task_group() as tg:
        tg.start_soon(carts.add, "ann", "pen")
        tg.start_soon(carts.add, "ann", "desk")
        tg.start_soon(carts.add, "ann", "rug", 0.003)
        tg.start_soon(carts.add, "ann", "lamp", 0.02)
        tg.start_soon(checkout.submit, "ann", 0.015)
        tg.start_soon(checkout.submit, "ann", 0.025)
    state = (carts, checkout)
    print("orders", checkout.orders, "cart", carts.items("ann"), "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
