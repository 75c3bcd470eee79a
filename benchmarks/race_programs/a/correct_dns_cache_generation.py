"""Resolver with a cache; the zone may move a host and purge its cache entry.
SAFE BECAUSE: purge() raises the generation of the host, and the answer is filled into the cache only if the generation
is still the one seen before the network was awaited; otherwise the lookup is repeated.
"""
import sys
from collections import defaultdict

import anyio


class Zone:
    def __init__(self, records):
        self.records = dict(records)
        self.queries = 0

    async def answer(self, host):
        address = self.records[host]
        self.queries += 1
        await anyio.sleep(0.02)
        return address


class Cache:
    def __init__(self):
        self._slots = {}
        self._generation = defaultdict(int)
        self.refused = 0

    def lookup(self, host):
        return self._slots.get(host), self._generation[host]

    def fill(self, host, address, generation):
        if self._generation[host] != generation:
            self.refused += 1
            return False
        self._slots[host] = address
        return True

    def purge(self, host):
        self._generation[host] += 1
        self._slots.pop(host, None)


class Resolver:
    def __init__(self, zone):
        self.zone = zone
        self.cache = Cache()

    async def resolve(self, host):
        while True:
            address, generation = self.cache.lookup(host)
            if address is not None:
                return address
            address = await self.zone.answer(host)
            if self.cache.fill(host, address, generation):
                return address

    async def move(self, host, address, after):
        await anyio.sleep(after)
        self.zone.records[host] = address
        self.cache.purge(host)


async def client(resolver, host, start, out):
    await anyio.sleep(start)
    out.append(await resolver.resolve(host))


def damage(state) -> bool:
    resolver, _ = state
    cached, _ = resolver.cache.lookup("api.test")
    return cached not in (None, resolver.zone.records["api.test"])


async def main():
    resolver = Resolver(Zone({"api.test": "10.0.0.1", "www.test": "10.0.0.9"}))
    answers = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(client, resolver, "api.test", 0, answers)
        tg.start_soon(client, resolver, "www.test", 0.001, answers)
        tg.start_soon(resolver.move, "api.test", "10.0.0.2", 0.01)
        tg.start_soon(client, resolver, "api.test", 0.05, answers)
    state = (resolver, answers)
    print(answers, "refused", resolver.cache.refused, "queries", resolver.zone.queries, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
