"""The cure of `09_found_race.py`, and its proof: `explore` runs every order of the steps, and none fails.

A small program has few orders, so that all of them can be run. The verdict `proved` says that they were, on
each backend; `assumption` says what that rests on.

    python examples/10_proved_fix.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

from anyio import create_task_group
from anyio.lowlevel import checkpoint

import anymutex
from anymutex.testing import explore


class Shop:
    """A table of prices, and a cache in front of it; whoever touches both has `mux`."""

    def __init__(self) -> None:
        self.mux = anymutex.Mutex()
        self.table = {"tea": 3}
        self.cache: dict[str, int] = {}

    async def price(self, name: str) -> int:
        async with self.mux:
            if name not in self.cache:
                price = self.table[name]
                await checkpoint()  # the answer is on its way
                self.cache[name] = price
            return self.cache[name]

    async def change(self, name: str, price: int) -> None:
        async with self.mux:
            self.table[name] = price
            await checkpoint()  # it is being written
            self.cache.pop(name, None)


async def ask_and_change() -> None:
    shop = Shop()
    async with create_task_group() as tasks:
        tasks.start_soon(shop.price, "tea")
        tasks.start_soon(shop.change, "tea", 4)
    price = await shop.price("tea")
    assert price == 4, f"the tea is sold for {price}"


async def main() -> None:
    result = explore(ask_and_change)
    print(result)
    print(f"assumed: {result.assumption}")


anymutex.run(main)
