"""DNS resolver with a small LRU cache and an asynchronous close of evicted entries.
RACE: stale choice of a victim - Lru.oldest chosen in make_room, deleted after the await though another task evicted it too
"""

import asyncio
from collections import OrderedDict


class Entry:
    def __init__(self, host: str) -> None:
        self.host = host
        self.address = f"10.0.0.{len(host)}"
        self.closes = 0

    async def close(self) -> None:
        await asyncio.sleep(0.02)
        self.closes += 1


class Lru:
    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.entries: OrderedDict[str, Entry] = OrderedDict()

    def oldest(self) -> str:
        return next(iter(self.entries))

    def put(self, entry: Entry) -> None:
        self.entries[entry.host] = entry

    async def make_room(self) -> None:
        if len(self.entries) >= self.maximum:
            victim = self.oldest()
            await self.entries[victim].close()
            del self.entries[victim]


class Resolver:
    def __init__(self, cache: Lru) -> None:
        self.cache = cache

    async def resolve(self, host: str) -> str:
        entry = self.cache.entries.get(host)
        if entry is None:
            await self.cache.make_room()
            entry = Entry(host)
            self.cache.put(entry)
        return entry.address


async def main():
    resolver = Resolver(Lru(maximum=2))
    for host in ("one.example", "two.example"):
        await resolver.resolve(host)
    results = await asyncio.gather(
        resolver.resolve("three.example"),
        resolver.resolve("four.example"),
        return_exceptions=True,
    )
    errors = [repr(r) for r in results if isinstance(r, Exception)]
    return {"errors": errors, "size": len(resolver.cache.entries)}


def damage(state) -> bool:
    return bool(state["errors"]) or state["size"] > 2


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
