"""Price cache of a travel site: an airline event invalidates a fare.
RACE: stale cache fill against invalidation - FareCache.get stores what it fetched before FareCache.on_event ran
"""

import anyio
from anyio import lowlevel


class Airline:
    def __init__(self) -> None:
        self.fares = {"BER-LIS": 99}

    async def query(self, route: str) -> int:
        fare = self.fares[route]
        await lowlevel.checkpoint()
        return fare


class FareCache:
    def __init__(self, airline: Airline) -> None:
        self.airline = airline
        self._fares: dict[str, int] = {}

    async def get(self, route: str) -> int:
        if route not in self._fares:
            self._store(route, await self.airline.query(route))
        return self._fares[route]

    def _store(self, route: str, fare: int) -> None:
        self._fares[route] = fare

    def on_event(self, route: str) -> None:
        self._fares.pop(route, None)


class EventFeed:
    def __init__(self, airline: Airline, cache: FareCache) -> None:
        self.airline = airline
        self.cache = cache

    async def _decode(self, raw: str) -> tuple[str, int]:
        for _ in range(6):
            await lowlevel.checkpoint()
        route, fare = raw.split("=")
        return route, int(fare)

    async def deliver(self, raw: str) -> None:
        route, fare = await self._decode(raw)
        self.airline.fares[route] = fare
        self.cache.on_event(route)


async def main():
    airline = Airline()
    cache = FareCache(airline)
    feed = EventFeed(airline, cache)
    async with anyio.create_task_group() as tg:
        tg.start_soon(cache.get, "BER-LIS")
        tg.start_soon(feed.deliver, "BER-LIS=149")
    return {"cached": await cache.get("BER-LIS"), "real": airline.fares["BER-LIS"]}


def damage(state) -> bool:
    return state["cached"] != state["real"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
