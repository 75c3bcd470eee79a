"""LRU cache that spills the least recently used entry to disk when it is over its capacity.
SAFE BECAUSE: the victim is popped atomically before the disk write and parked in `_spilling` for readers; after the write
the parking slot is removed only if it still holds the same entry, and a memory entry always wins over disk.
"""
import sys
from collections import OrderedDict

import anyio


class Disk:
    def __init__(self):
        self.blobs = {}
        self._lock = anyio.Lock()

    async def write(self, key, entry):
        async with self._lock:  # writes reach the disk in the order of their spill
            await anyio.sleep(0.01)
            self.blobs[key] = entry

    async def read(self, key):
        await anyio.sleep(0.001)
        return self.blobs.get(key)


class SpillingLRU:
    def __init__(self, capacity, disk):
        self.capacity = capacity
        self.disk = disk
        self._entries = OrderedDict()
        self._spilling = {}

    async def get(self, key):
        for level in (self._entries, self._spilling):
            if key in level:
                return level[key][0]
        entry = await self.disk.read(key)
        newer = self._entries.get(key) or self._spilling.get(key) or entry
        return newer[0] if newer else None

    async def put(self, key, value):
        self._entries[key] = (value,)
        self._entries.move_to_end(key)
        while len(self._entries) > self.capacity:
            await self._evict()

    async def _evict(self):
        key, entry = self._entries.popitem(last=False)
        self._spilling[key] = entry
        await self.disk.write(key, entry)
        if self._spilling.get(key) is entry:
            del self._spilling[key]


async def client(cache, script, seen):
    for op, key, value, pause in script:
        await anyio.sleep(pause)
        if op == "put":
            await cache.put(key, value)
        else:
            seen.append((key, value, await cache.get(key)))


def damage(seen) -> bool:
    return any(got not in (want if isinstance(want, tuple) else (want,)) for _, want, got in seen)


async def main():
    cache = SpillingLRU(2, Disk())
    seen = []
    await cache.put("u1", "v1")
    await cache.put("u2", "x1")
    async with anyio.create_task_group() as tg:
        tg.start_soon(client, cache, [("put", "u3", "y1", 0), ("put", "u4", "z1", 0.02)], seen)
        tg.start_soon(client, cache, [("put", "u1", "v2", 0.005), ("get", "u1", "v2", 0.001)], seen)
        tg.start_soon(client, cache, [("get", "u1", ("v1", "v2"), 0.002)], seen)
    for key, expected in (("u1", "v2"), ("u2", "x1"), ("u3", "y1"), ("u4", "z1")):
        seen.append((key, expected, await cache.get(key)))
    print(seen, list(cache._entries), "damage", damage(seen))
    return seen


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
