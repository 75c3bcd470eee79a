"""Portfolio valuation that asks a quote service for every position.
RACE: lost update - augmented assignment in Valuation.add_position reads self.total before its await
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
        await asyncio.sleep(0.01)
        return self.TABLE[symbol]


class Valuation:
    def __init__(self, quotes: Quotes) -> None:
        self.quotes = quotes
        self.total = 0
        self.lines: list[str] = []

    async def value_of(self, position: Position) -> int:
        price = await self.quotes.price(position.symbol)
        return price * position.shares

    async def add_position(self, position: Position) -> None:
        self.total += await self.value_of(position)
        self.lines.append(position.symbol)


class Portfolio:
    def __init__(self, positions: list[Position]) -> None:
        self.positions = positions

    async def evaluate(self) -> Valuation:
        valuation = Valuation(Quotes())
        await asyncio.gather(*(valuation.add_position(p) for p in self.positions))
        return valuation


async def main():
    portfolio = Portfolio(
        [Position("AAA", 5), Position("BBB", 2), Position("CCC", 1)]
    )
    valuation = await portfolio.evaluate()
    return {"total": valuation.total, "lines": sorted(valuation.lines)}


def damage(state) -> bool:
    return state["total"] != 120


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
