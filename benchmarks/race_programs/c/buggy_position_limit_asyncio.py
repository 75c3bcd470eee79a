"""Trading engine with a risk limit on the net position.
RACE: check-then-act (limit) - RiskDesk.approves uses Book.exposure, Book.fill changes it after the exchange answered
"""

import asyncio
from dataclasses import dataclass


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


class RiskDesk:
    def __init__(self, book: Book, limit: int) -> None:
        self.book = book
        self.limit = limit

    def approves(self, order: Order) -> bool:
        return self.book.exposure + abs(order.quantity) <= self.limit


class Engine:
    def __init__(self, limit: int) -> None:
        self.book = Book()
        self.risk = RiskDesk(self.book, limit)
        self.rejected: list[Order] = []

    async def _exchange(self, order: Order) -> None:
        await asyncio.sleep(0.02)

    async def trade(self, order: Order) -> None:
        if not self.risk.approves(order):
            self.rejected.append(order)
            return
        await self._exchange(order)
        self.book.fill(order)


async def main():
    engine = Engine(limit=100)
    async with asyncio.TaskGroup() as tg:
        tg.create_task(engine.trade(Order("EURUSD", 70)))
        tg.create_task(engine.trade(Order("USDJPY", -60)))
    return {"exposure": engine.book.exposure, "limit": engine.risk.limit}


def damage(state) -> bool:
    return state["exposure"] > state["limit"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
