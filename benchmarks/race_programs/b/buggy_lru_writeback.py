"""Write-back LRU cache: the oldest dirty entry is written to disk, then evicted.

RACE: stale choice - _evict() reads `key = next(iter(self.entries))`, awaits the
disk, then `self.entries.popitem(last=False)`; a get() that moved the key to the end
meanwhile makes it evict another entry, whose value was never written.
"""
from collections import OrderedDict

import anyio


class Disk:
    def __init__(self):
        self.blocks = {}

    async def write(self, key, value):
        await anyio.sleep(0.06)
        self.blocks[key] = value


class WriteBackCache:
    def __init__(self, disk, capacity):
        self.disk = disk
        self.capacity = capacity
        self.entries = OrderedDict()

    def get(self, key):
        if key in self.entries:
            self.entries.move_to_end(key)
            return self.entries[key]
        return self.disk.blocks.get(key)

    async def put(self, key, value):
        self.entries[key] = value
        self.entries.move_to_end(key)
        while len(self.entries) > self.capacity:
            await self._evict()

    async def _evict(self):
        key = next(iter(self.entries))
        await self.disk.write(key, self.entries[key])
        self.entries.popitem(last=False)


async def main():
    cache = WriteBackCache(Disk(), capacity=2)
    await cache.put("a", 1)
    await cache.put("b", 2)
    reads = []

    async def writer():
        await cache.put("c", 3)

    async def reader():
        await anyio.sleep(0.03)
        reads.append(cache.get("a"))

    async with anyio.create_task_group() as tg:
        tg.start_soon(writer)
        tg.start_soon(reader)
    return {k: cache.get(k) for k in "abc"}


def damage(state):
    return state != {"a": 1, "b": 2, "c": 3}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
