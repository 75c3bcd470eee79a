"""Resolver with a cache; the zone may move a host and purge its cache entry.
RACE: stale cache fill - Resolver.resolve reads the zone record (# READ in Zone.answer), awaits the network, then fills
the cache (# ACT) after the purge of the host; the old address stays cached for good.
"""
import sys

import anyio


class Zone:
    def __init__(self, records):
        self.records = dict(records)

    async def answer(self, host):
        address = self.records[host]  # READ
        await anyio.sleep(0.08)
        return address


class Cache:
    def __init__(self):
        self._slots = {}
        self.hits = 0

    def lookup(self, host):
        if host in self._slots:
            self.hits += 1
            return self._slots[host]
        return None

    def fill(self, host, address):
        self._slots[host] = address  # ACT

    def purge(self, host):
        self._slots.pop(host, None)


class Resolver:
    def __init__(self, zone):
        self.zone = zone
        self.cache = Cache()

    async def resolve(self, host):
        address = self.cache.lookup(host)
        if address is None:
            address = await self.zone.answer(host)
            self.cache.fill(host, address)
        return address

    async def move(self, host, address, after):
        await anyio.sleep(after)
        self.zone.records[host] = address
        self.cache.purge(host)


async def client(resolver, host, start, out):
    await anyio.sleep(start)
    out.append(await resolver.resolve(host))


def damage(state) -> bool:
    resolver, answers = state
    return answers[-1] != resolver.zone.records["api.test"]


async def main():
    resolver = Resolver(Zone({"api.test": "10.0.0.1", "www.test": "10.0.0.9"}))
    answers = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(client, resolver, "api.test", 0, answers)
        tg.start_soon(resolver.move, "api.test", "10.0.0.2", 0.04)
        tg.start_soon(client, resolver, "api.test", 0.16, answers)
    state = (resolver, answers)
    print(answers, "zone", resolver.zone.records["api.test"], "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
