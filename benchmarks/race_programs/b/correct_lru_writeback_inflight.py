"""Write-back LRU cache: the oldest dirty entry is written to disk, then evicted.

SAFE BECAUSE: _evict() takes the entry out in one step and keeps it in `flushing` while the
disk is awaited, where get() finds it. Entry and sequence number travel together: a newer
value of the key evicted meanwhile waits for its turn on the key's lock, so the disk
sees the values of a key in order.
"""
from collections import OrderedDict, defaultdict

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
        self.flushing = {}
        self.locks = defaultdict(anyio.Lock)

    def get(self, key):
        if key in self.entries:
            self.entries.move_to_end(key)
            return self.entries[key]
        if key in self.flushing:
            return self.flushing[key][0]
        return self.disk.blocks.get(key)

    async def put(self, key, value):
        self.entries[key] = value
        self.entries.move_to_end(key)
        while len(self.entries) > self.capacity:
            await self._evict()

    async def _evict(self):
        key, value = self.entries.popitem(last=False)
        ticket = (value,)
        self.flushing[key] = ticket
        async with self.locks[key]:
            await self.disk.write(key, value)
        if self.flushing.get(key) is ticket:
            del self.flushing[key]


async def main():
    cache = WriteBackCache(Disk(), capacity=2)
    await cache.put("a", 1)
    await cache.put("b", 2)
    reads = []

    async def writer(key, value, delay):
        await anyio.sleep(delay)
        await cache.put(key, value)

    async def reader(delay):
        await anyio.sleep(delay)
        reads.append((cache.get("a"), cache.get("b")))

    async with anyio.create_task_group() as tg:
        tg.start_soon(writer, "c", 3, 0)
        tg.start_soon(reader, 0.03)
        tg.start_soon(writer, "a", 10, 0.035)
        tg.start_soon(writer, "d", 4, 0.05)
        tg.start_soon(reader, 0.2)
    return {"reads": reads, "end": {k: cache.get(k) for k in "abcd"}}


def damage(state):
    torn = any(a not in (1, 10) or b != 2 for a, b in state["reads"])
    return torn or state["end"] != {"a": 10, "b": 2, "c": 3, "d": 4}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
