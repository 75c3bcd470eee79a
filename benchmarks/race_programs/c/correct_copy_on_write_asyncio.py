"""Price ticker that notifies watchers; watchers come and go while it does.
CORRECT: copy-on-write - the watchers are an immutable tuple that watch/unwatch replace, notify walks the one it got
"""

import asyncio


class Watcher:
    def __init__(self, name: str) -> None:
        self.name = name
        self.prices: list[int] = []

    async def on_price(self, price: int) -> None:
        await asyncio.sleep(0.004)
        self.prices.append(price)


class Ticker:
    def __init__(self) -> None:
        self._watchers: tuple[Watcher, ...] = ()
        self.last = 0

    def watch(self, watcher: Watcher) -> None:
        self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers = tuple(w for w in self._watchers if w is not watcher)

    @property
    def names(self) -> list[str]:
        return [w.name for w in self._watchers]

    async def notify(self, price: int) -> None:
        self.last = price
        for watcher in self._watchers:
            await watcher.on_price(price)


async def feed(ticker: Ticker, prices: list[int]) -> None:
    for price in prices:
        await ticker.notify(price)


async def visitor(ticker: Ticker, name: str, stay: float) -> None:
    watcher = Watcher(name)
    await asyncio.sleep(0.003)
    ticker.watch(watcher)
    await asyncio.sleep(stay)
    ticker.unwatch(watcher)


async def main():
    ticker = Ticker()
    staying = [Watcher(f"staying-{i}") for i in range(3)]
    for watcher in staying:
        ticker.watch(watcher)
    await asyncio.gather(
        feed(ticker, [101, 102, 103]),
        visitor(ticker, "short", 0.006),
        visitor(ticker, "long", 0.02),
    )
    return {"prices": [w.prices for w in staying], "names": ticker.names}


def damage(state) -> bool:
    wrong = any(prices != [101, 102, 103] for prices in state["prices"])
    return wrong or state["names"] != ["staying-0", "staying-1", "staying-2"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
