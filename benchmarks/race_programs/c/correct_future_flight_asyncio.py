"""Checkout whose order ids are issued once per cart through a memoizing decorator.
CORRECT: futures as single flight - the task is stored in the cache in the same step as the miss
"""

import asyncio
import functools


def async_once(func):
    flights: dict[tuple, asyncio.Task] = {}

    @functools.wraps(func)
    async def wrapper(*key):
        task = flights.get(key)
        if task is None:
            task = flights[key] = asyncio.create_task(func(*key))
        try:
            return await asyncio.shield(task)
        except ValueError:
            if flights.get(key) is task:
                del flights[key]
            raise

    return wrapper


class OrderDesk:
    def __init__(self) -> None:
        self.issued: list[tuple[str, int]] = []
        self.attempts = 0

    async def create(self, cart: str) -> int:
        self.attempts += 1
        number = 1000 + len(self.issued)
        self.issued.append((cart, number))
        await asyncio.sleep(0.02)
        if cart == "empty":
            raise ValueError("empty cart")
        return number


def make_api(desk: OrderDesk):
    @async_once
    async def order_for(cart: str) -> int:
        return await desk.create(cart)

    return order_for


async def double_click(order_for, cart: str) -> list:
    return await asyncio.gather(order_for(cart), order_for(cart), return_exceptions=True)


async def main():
    desk = OrderDesk()
    order_for = make_api(desk)
    first, second, empty = await asyncio.gather(
        double_click(order_for, "cart-1"),
        double_click(order_for, "cart-2"),
        double_click(order_for, "empty"),
    )
    return {"orders": desk.issued, "same": first[0] == first[1] and second[0] == second[1], "empty": len(empty)}


def damage(state) -> bool:
    carts = [cart for cart, _ in state["orders"] if cart != "empty"]
    numbers = [number for _, number in state["orders"]]
    return len(carts) != 2 or len(set(numbers)) != len(numbers) or not state["same"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
