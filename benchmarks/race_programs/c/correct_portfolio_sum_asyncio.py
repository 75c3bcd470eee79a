"""Portfolio valuation that asks a quote service for every position.
CORRECT: the value is awaited first - `total += value` happens afterwards in one step
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    symbol: str
    shares: int


class Quotes:
    TABLE = {"AAA": 10, "BBB": 20, "CCC": 30}

    def __init__(self) -> None:
        self.calls = 0

    async def price(self, symbol: str) -> int:
        self.calls += 1
        await asyncio.sleep(0.01 * len(self.TABLE) / self.calls)
        return self.TABLE[symbol]


class Valuation:
    def __init__(self, quotes: Quotes) -> None:
        self.quotes = quotes
        self.total = 0
        self.lines: list[str] = []

    async def value_of(self, position: Position) -> int:
        return await self.quotes.price(position.symbol) * position.shares

    async def add_position(self, position: Position) -> None:
        value = await self.value_of(position)
        self.total += value
        self.lines.append(f"{position.symbol}: {value} (running total {self.total})")


class Portfolio:
    def __init__(self, positions: list[Position]) -> None:
        self.positions = positions

    async def evaluate(self) -> Valuation:
        valuation = Valuation(Quotes())
        async with asyncio.TaskGroup() as tg:
            for position in self.positions:
                tg.create_task(valuation.add_position(position))
        return valuation


async def main():
    portfolio = Portfolio([Position("AAA", 5), Position("BBB", 2), Position("CCC", 1)])
    valuation = await portfolio.evaluate()
    return {"total": valuation.total, "lines": len(valuation.lines)}


def damage(state) -> bool:
    return state != {"total": 120, "lines": 3}


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
