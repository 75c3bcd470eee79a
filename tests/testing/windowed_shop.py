"""Programs whose windows nobody hits in the default order: for the tests of suspects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Shop:
    """Sells what it has."""

    def __init__(self) -> None:
        self.stock = 9
        self.prices: dict[str, float] = {}
        self.lock = anyio.Lock()

    async def sell(self) -> None:
        """Take one out, with a wait between looking and taking."""
        left = self.stock
        await checkpoint()
        self.stock = left - 1

    async def restock(self) -> None:
        """Put some in, in one step."""
        self.stock += 5

    async def price(self) -> float:
        """Ask once, and keep the answer."""
        if "tea" not in self.prices:
            await checkpoint()
            self.prices["tea"] = float(len(self.prices))
        return self.prices["tea"]

    async def trade_in_turn(self) -> None:
        """Sell and restock while nobody else does."""
        async with self.lock:
            await self.sell()
            await self.restock()


async def late(rounds: int, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Call `function` when those before are done, in the default order."""
    for _ in range(rounds):
        await checkpoint()
    await function()


async def one_by_one(*functions: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Let tasks live at the same time, and each begin when the one before it is done."""
    async with anyio.create_task_group() as group:
        for place, function in enumerate(functions):
            group.start_soon(late, 8 * place, function)


async def restocked_later() -> None:
    """Lose what is put in, if that comes into the window."""
    shop = Shop()
    await one_by_one(shop.sell, shop.restock)


async def restocked_earlier() -> None:
    """Do the same, although it is put in long before the window opens."""
    shop = Shop()
    await one_by_one(shop.restock, shop.sell)


async def asked_twice() -> None:
    """Ask a second time, if both look before one has kept the answer."""
    shop = Shop()
    await one_by_one(shop.price, shop.price)


async def in_turn() -> None:
    """Lose nothing."""
    shop = Shop()
    await one_by_one(shop.trade_in_turn, shop.trade_in_turn)


async def waited_for() -> None:
    """Open the window of `sell` between two steps that wait for each other: a suspect that is none."""
    shop, sold = Shop(), anyio.Event()

    async def sell() -> None:
        await shop.sell()
        sold.set()

    async def restock() -> None:
        await sold.wait()
        await shop.restock()

    await one_by_one(sell, restock)


async def slept() -> None:
    """Restock an hour later."""
    shop = Shop()

    async def tomorrow() -> None:
        await anyio.sleep(3600)
        await shop.restock()

    async with anyio.create_task_group() as group:
        group.start_soon(shop.sell)
        group.start_soon(tomorrow)


async def everything() -> None:
    """Do all of it."""
    await restocked_later()
    await asked_twice()
