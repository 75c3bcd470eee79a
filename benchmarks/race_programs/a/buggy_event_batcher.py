"""Analytics client that buffers events and ships them in batches.
RACE: inserts dropped after a copy - Batcher._ship joins the buffered events into a body (# READ), awaits the upload,
then rebinds `self._buffer = []` (# ACT); events tracked during the upload are lost.
"""
import sys

import anyio


class Transport:
    def __init__(self):
        self.bodies = []

    async def post(self, body):
        await anyio.sleep(0.08)
        self.bodies.append(body)
        return 202


class Batcher:
    def __init__(self, transport, limit):
        self._transport = transport
        self._limit = limit
        self._buffer = []
        self.dropped = 0

    @property
    def pending(self):
        return len(self._buffer)

    async def track(self, event):
        self._buffer.append(event)
        if self.pending == self._limit:
            await self._ship()

    async def _ship(self):
        body = ",".join(self._buffer)  # READ
        status = await self._transport.post(body)
        if status == 202:
            self._buffer = []  # ACT

    async def close(self):
        if self._buffer:
            await self._ship()


class Tracker:
    def __init__(self, batcher, prefix):
        self.batcher = batcher
        self.prefix = prefix

    async def run(self, start, count):
        await anyio.sleep(start)
        for i in range(count):
            await self.batcher.track(f"{self.prefix}{i}")
            await anyio.sleep(0.012)


def damage(transport) -> bool:
    seen = ",".join(transport.bodies).split(",")
    return len(set(seen)) != 5


async def main():
    transport = Transport()
    batcher = Batcher(transport, limit=3)
    async with anyio.create_task_group() as tg:
        tg.start_soon(Tracker(batcher, "click").run, 0, 3)
        tg.start_soon(Tracker(batcher, "view").run, 0.048, 2)
    await batcher.close()
    print("shipped", transport.bodies, "damage", damage(transport))
    return transport


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
