"""Shopping carts by user; checkout takes the cart away while an item may still be on its way into it.
RACE: acting on a vanished item - CartService.add gets the user's list with setdefault (# READ), awaits the price, then
appends to that list (# ACT), which checkout has popped meanwhile; the item is neither ordered nor in the cart.
"""
import sys

import anyio


class PriceService:
    prices = {"pen": 2, "desk": 150, "lamp": 40}

    async def quote(self, sku):
        await anyio.sleep(self.prices[sku] / 1250)
        return self.prices[sku]


class CartService:
    def __init__(self, prices):
        self._prices = prices
        self._carts = {}
        self.accepted = []

    def _cart(self, user):
        return self._carts.setdefault(user, [])  # READ

    async def add(self, user, sku):
        cart = self._cart(user)
        price = await self._prices.quote(sku)
        cart.append((sku, price))  # ACT
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
        # the order keeps its own immutable copy of the lines
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
        tg.start_soon(checkout.submit, "ann", 0.06)
    state = (carts, checkout)
    print("orders", checkout.orders, "cart", carts.items("ann"), carts.accepted, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
