"""LRU cache that spills the least recently used entry to disk when it is over its capacity.
RACE: acting on a changed item - SpillingLRU._evict picks the oldest key and its value (# READ), awaits the disk
write, then deletes the key (# ACT); a value put under this key meanwhile is deleted without having been spilled.
"""
import sys
from collections import OrderedDict

import anyio


class Disk:
    def __init__(self):
        self.blobs = {}

    async def write(self, key, value):
        await anyio.sleep(0.08)
        self.blobs[key] = value

    async def read(self, key):
        await anyio.sleep(0.004)
        return self.blobs.get(key)


class SpillingLRU:
    def __init__(self, capacity, disk):
        self.capacity = capacity
        self.disk = disk
        self._entries = OrderedDict()

    def __contains__(self, key):
        return key in self._entries

    async def get(self, key):
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]
        return await self.disk.read(key)

    async def put(self, key, value):
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.capacity:
            await self._evict()

    def _oldest(self):
        return next(iter(self._entries.items()))  # READ

    async def _evict(self):
        key, value = self._oldest()
        await self.disk.write(key, value)
        del self._entries[key]  # ACT


async def writer(cache, key, value, after):
    await anyio.sleep(after)
    await cache.put(key, value)


def damage(value) -> bool:
    return value != "v2"


async def main():
    cache = SpillingLRU(2, Disk())
    await cache.put("user:1", "v1")
    await cache.put("user:2", "x")
    # the third entry evicts user:1, which is rewritten while it is on its way to the disk
    async with anyio.create_task_group() as tg:
        tg.start_soon(writer, cache, "user:3", "y", 0)
        tg.start_soon(refresh_in_place, cache, "user:1", "v2", 0.04)
    value = await cache.get("user:1")
    print("user:1 =", value, "in memory:", "user:1" in cache, "damage", damage(value))
    return value


async def refresh_in_place(cache, key, value, after):
    await anyio.sleep(after)
    if key in cache:
        cache._entries[key] = value
        cache._entries.move_to_end(key)


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
