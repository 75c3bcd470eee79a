"""Analytics client that buffers events and ships them in batches, keeping them until the server accepted them.
SAFE BECAUSE: there is one shipper at a time (the lock), trackers only append at the end, and after the upload exactly the
prefix that was shipped is deleted; events tracked meanwhile stay behind it.
"""
import sys

import anyio


class Transport:
    def __init__(self):
        self.bodies = []
        self.calls = 0

    async def post(self, events):
        self.calls += 1
        failed = self.calls == 2
        await anyio.sleep(0.01)
        if failed:
            return 503
        self.bodies.append(tuple(events))
        return 202


class Batcher:
    def __init__(self, transport, limit):
        self._transport = transport
        self._limit = limit
        self._buffer = []
        self._shipping = anyio.Lock()

    @property
    def pending(self):
        return len(self._buffer)

    async def track(self, event):
        self._buffer.append(event)
        if self.pending >= self._limit:
            await self._ship()

    async def _ship(self):
        async with self._shipping:
            count = self.pending
            if count == 0:
                return
            status = await self._transport.post(self._buffer[:count])
            if status == 202:
                del self._buffer[:count]

    async def close(self):
        while self._buffer:
            await self._ship()


async def visitor(batcher, prefix, start, count):
    await anyio.sleep(start)
    for i in range(count):
        await batcher.track(f"{prefix}{i}")
        await anyio.sleep(0.003)


def damage(transport) -> bool:
    shipped = [e for body in transport.bodies for e in body]
    return len(shipped) != 9 or len(set(shipped)) != 9


async def main():
    transport = Transport()
    batcher = Batcher(transport, limit=3)
    async with anyio.create_task_group() as tg:
        tg.start_soon(visitor, batcher, "click", 0, 4)
        tg.start_soon(visitor, batcher, "view", 0.004, 3)
        tg.start_soon(visitor, batcher, "key", 0.008, 2)
    await batcher.close()
    print(transport.bodies, "damage", damage(transport))
    return transport


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
