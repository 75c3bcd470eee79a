"""Checkout whose order ids are issued once per cart through a memoizing decorator.
RACE: check-then-act (get-or-create) - async_memo tests the dict, stores the result after awaiting the function
"""

import asyncio
import functools


def async_memo(func):
    cache: dict = {}

    @functools.wraps(func)
    async def wrapper(*key):
        if key not in cache:
            cache[key] = await func(*key)
        return cache[key]

    wrapper.cache = cache
    return wrapper


class OrderDesk:
    def __init__(self) -> None:
        self.issued: list[tuple[str, int]] = []

    async def create(self, cart: str) -> int:
        number = 1000 + len(self.issued)
        self.issued.append((cart, number))
        await asyncio.sleep(0.02)
        return number


def make_api(desk: OrderDesk):
    @async_memo
    async def order_for(cart: str) -> int:
        return await desk.create(cart)

    return order_for


async def double_click(order_for, cart: str) -> list[int]:
    """The user presses the button twice."""
    first = asyncio.create_task(order_for(cart))
    second = asyncio.create_task(order_for(cart))
    return [await first, await second]


async def main():
    desk = OrderDesk()
    order_for = make_api(desk)
    ids, other = await asyncio.gather(
        double_click(order_for, "cart-1"),
        order_for("cart-2"),
    )
    return {"orders": desk.issued, "ids": ids, "other": other}


def damage(state) -> bool:
    carts = [cart for cart, _ in state["orders"]]
    return len(carts) != len(set(carts))


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
