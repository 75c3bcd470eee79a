"""Programs without an assertion, which are fine in the default order: for the tests of `races=True`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Shop:
    """Sells what it has."""

    def __init__(self) -> None:
        self.stock = 2
        self.sold: dict[str, int] = {}
        self.prices: dict[str, float] = {}
        self.lock = anyio.Lock()

    def left(self) -> int:
        """Ask for the stock."""
        return self.stock

    async def sell(self) -> None:
        """Take one out, with an await between looking and taking."""
        left = self.left()
        await checkpoint()
        self.stock = left - 1

    async def sell_safely(self) -> None:
        """Do the same under a lock."""
        async with self.lock:
            await self.sell()

    async def sell_in_one_step(self) -> None:
        """Do it without an await between."""
        await checkpoint()
        self.stock = self.left() - 1

    async def price(self, name: str) -> float:
        """Ask once, and keep the answer."""
        if name not in self.prices:
            await checkpoint()
            self.prices[name] = float(len(self.prices))
        return self.prices[name]


async def later(function: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Call `function` when the others are done, in the default order."""
    for _ in range(3):
        await checkpoint()
    await function()


async def both(function: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Call `function` in two tasks."""
    async with anyio.create_task_group() as group:
        group.start_soon(function)
        group.start_soon(later, function)


async def buy_two() -> None:
    """Lose an update."""
    await both(Shop().sell)


async def ask_two() -> None:
    """Ask twice for what is to be asked once."""
    shop = Shop()
    await both(lambda: shop.price("tea"))


async def buy_two_safely() -> None:
    """Lose nothing."""
    await both(Shop().sell_safely)


async def buy_two_in_one_step() -> None:
    """Lose nothing either."""
    await both(Shop().sell_in_one_step)


async def oversold() -> None:
    """Notice what was lost."""
    shop = Shop()
    await both(shop.sell)
    assert shop.stock == 0, f"{shop.stock} left"


RACY = [("lost-update", buy_two), ("check-then-act", ask_two)]
SAFE = [buy_two_safely, buy_two_in_one_step]
