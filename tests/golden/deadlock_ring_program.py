"""Three tasks, three kinds of locks: a map's update, a mutex, a reader whom a writer waits for."""

from __future__ import annotations

import anyio
import anyio.lowlevel

from anymutex import Mutex, RWMutex, SharedMap


class Shop:
    """A price list that is read and written, a till, and a stock that is updated key by key."""

    def __init__(self) -> None:
        self.prices = RWMutex()
        self.till = Mutex()
        self.stock: SharedMap[str, int] = SharedMap({"tea": 3})
        self.stands = [anyio.Event() for _ in range(3)]
        self.turns = [anyio.Event() for _ in range(3)]

    async def stand(self, number: int) -> None:
        """Wait for one's turn."""
        self.stands[number].set()
        await self.turns[number].wait()

    async def sell(self) -> None:
        """Read the prices, then open the till."""
        async with self.prices.reader:
            await self.stand(0)
            async with self.till:
                pass

    async def count(self) -> None:
        """Open the till, then change the stock."""
        async with self.till:
            await self.stand(1)
            await self.stock.update_key("tea", self.count_tea)

    async def count_tea(self, value: int) -> int:
        """Count."""
        return value - 1

    async def raise_prices(self) -> None:
        """Change the stock, and the prices meanwhile."""
        await self.stock.update_key("tea", self.price_tea)

    async def price_tea(self, value: int) -> int:
        """Write the prices."""
        await self.stand(2)
        async with self.prices.writer:
            return value


async def main() -> None:
    """Let each come to the second lock in turn."""
    shop = Shop()
    async with anyio.create_task_group() as group:
        for task in (shop.sell, shop.count, shop.raise_prices):
            group.start_soon(task, name=task.__name__)
        for stand, turn in zip(shop.stands, shop.turns, strict=True):
            await stand.wait()
            turn.set()
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
