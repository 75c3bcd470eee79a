"""Price ticker that notifies watchers; one-shot watchers remove themselves.
RACE: iteration over a changing container - Ticker.notify walks self.watchers, Ticker.unwatch removes from it, the next one is skipped
"""

import anyio


class Watcher:
    def __init__(self, name: str, ticker: "Ticker", patience: float) -> None:
        self.name = name
        self.ticker = ticker
        self.patience = patience
        self.prices: list[int] = []

    async def on_price(self, price: int) -> None:
        await anyio.sleep(0.03)
        self.prices.append(price)

    async def live(self) -> None:
        await anyio.sleep(self.patience)
        self.ticker.unwatch(self)


class Ticker:
    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self.price = 0

    def watch(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        if watcher in self.watchers:
            self.watchers.remove(watcher)

    async def notify(self, price: int) -> None:
        self.price = price
        for watcher in self.watchers:
            await watcher.on_price(price)


async def main():
    ticker = Ticker()
    leaving = Watcher("leaving", ticker, 0.045)
    staying = [Watcher(f"staying-{i}", ticker, 9) for i in range(3)]
    for watcher in (leaving, *staying):
        ticker.watch(watcher)
    async with anyio.create_task_group() as tg:
        tg.start_soon(ticker.notify, 101)
        tg.start_soon(leaving.live)
    return {w.name: w.prices for w in staying}


def damage(state) -> bool:
    return any(prices != [101] for prices in state.values())


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
