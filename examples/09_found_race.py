"""A cache that keeps an old price, in one order of the steps out of six: `explore` finds that order.

On plain asyncio the tasks below always run in the same order, and it always goes well. `explore` runs them in
others, on the real asyncio and the real trio, and tells the first one that fails, step by step, with the call
that repeats it. `10_proved_fix.py` is the cure.

    python examples/09_found_race.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

from anyio import create_task_group
from anyio.lowlevel import checkpoint

import anymutex
from anymutex.testing import explore


class Shop:
    """A table of prices, and a cache in front of it."""

    def __init__(self) -> None:
        self.table = {"tea": 3}
        self.cache: dict[str, int] = {}

    async def price(self, name: str) -> int:
        if name not in self.cache:
            price = self.table[name]
            await checkpoint()  # the answer is on its way
            self.cache[name] = price
        return self.cache[name]

    async def change(self, name: str, price: int) -> None:
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
    print(explore(ask_and_change))  # in a pytest: explore(ask_and_change).check()


anymutex.run(main)
