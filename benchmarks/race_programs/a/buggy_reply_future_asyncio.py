"""Request/reply channel over one connection: the receiver resolves the future kept in a slot (plain asyncio).
RACE: waiting on a replaced future - Channel.call stores its future in `self._slot` (# READ is the busy check before it),
awaits the write, and a second call that passed the check replaces the slot (# ACT); the first caller never gets a reply.
"""
import asyncio
from collections import deque

import anyio


class Wire:
    def __init__(self):
        self._replies = asyncio.Queue()
        self.written = deque()

    async def write(self, payload):
        await asyncio.sleep(0.02)
        self.written.append(payload)
        self._replies.put_nowait(payload.upper())

    async def read(self):
        return await self._replies.get()


class Channel:
    def __init__(self, wire):
        self._wire = wire
        self._slot = None
        self.orphan_replies = []

    @property
    def busy(self):
        return self._slot is not None

    async def receiver(self):
        while True:
            reply = await self._wire.read()
            if self._slot is None:
                self.orphan_replies.append(reply)
                continue
            slot, self._slot = self._slot, None
            slot.set_result(reply)

    async def call(self, payload):
        while self.busy:  # READ
            await asyncio.sleep(0.008)
        await asyncio.sleep(0.004)  # encode in a thread
        self._slot = asyncio.get_running_loop().create_future()  # ACT
        future = self._slot
        await self._wire.write(payload)
        return await asyncio.wait_for(future, 0.4)


async def caller(channel, payload, out):
    try:
        out[payload] = await channel.call(payload)
    except asyncio.TimeoutError:
        out[payload] = None


def damage(out) -> bool:
    return None in out.values() or any(v != k.upper() for k, v in out.items())


async def main():
    channel = Channel(Wire())
    receiver = asyncio.create_task(channel.receiver())
    out = {}
    await asyncio.gather(caller(channel, "ping", out), caller(channel, "stat", out))
    receiver.cancel()
    print(out, "orphans", channel.orphan_replies, "damage", damage(out))
    return out


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
