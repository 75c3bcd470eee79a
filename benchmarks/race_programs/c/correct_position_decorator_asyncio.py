"""Trading engine with a risk limit on the net position.
CORRECT: lock in a decorator - @serialized holds the engine's lock over check, exchange call and fill
"""

import asyncio
import functools
from dataclasses import dataclass


def serialized(method):
    @functools.wraps(method)
    async def wrapper(self, *args, **kwargs):
        async with self._serial:
            return await method(self, *args, **kwargs)

    return wrapper


@dataclass(frozen=True)
class Order:
    symbol: str
    quantity: int


class Book:
    def __init__(self) -> None:
        self._net: dict[str, int] = {}

    @property
    def exposure(self) -> int:
        return sum(abs(q) for q in self._net.values())

    def fill(self, order: Order) -> None:
        self._net[order.symbol] = self._net.get(order.symbol, 0) + order.quantity


class Engine:
    def __init__(self, limit: int) -> None:
        self._serial = asyncio.Lock()
        self.book = Book()
        self.limit = limit
        self.rejected: list[Order] = []

    def approves(self, order: Order) -> bool:
        return self.book.exposure + abs(order.quantity) <= self.limit

    async def _exchange(self, order: Order) -> None:
        await asyncio.sleep(0.01)

    @serialized
    async def trade(self, order: Order) -> None:
        if not self.approves(order):
            self.rejected.append(order)
            return
        await self._exchange(order)
        self.book.fill(order)


async def main():
    engine = Engine(limit=100)
    async with asyncio.TaskGroup() as tg:
        tg.create_task(engine.trade(Order("EURUSD", 70)))
        tg.create_task(engine.trade(Order("USDJPY", -60)))
        tg.create_task(engine.trade(Order("GBPUSD", 20)))
    return {"exposure": engine.book.exposure, "limit": engine.limit, "rejected": len(engine.rejected)}


def damage(state) -> bool:
    return state["exposure"] > state["limit"] or state["rejected"] != 1


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
