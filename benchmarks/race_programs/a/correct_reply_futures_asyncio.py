"""Request/reply channel over one connection: replies are matched to the callers by request number (plain asyncio).
SAFE BECAUSE: each call has a number of its own, taken with `+=` without an await, and its future in its own slot; late
replies of calls which timed out find no slot and are dropped.
"""
import asyncio

import anyio


class Wire:
    def __init__(self, latency):
        self._replies = asyncio.Queue()
        self._latency = latency
        self._tasks = set()

    async def _serve(self, number, payload):
        await asyncio.sleep(self._latency.get(payload, 0.003))
        self._replies.put_nowait((number, payload.upper()))

    async def write(self, number, payload):
        await asyncio.sleep(0.002)
        task = asyncio.create_task(self._serve(number, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def read(self):
        return await self._replies.get()


class Channel:
    def __init__(self, wire):
        self._wire = wire
        self._last = 0
        self._slots = {}
        self.orphan_replies = []

    @property
    def in_flight(self):
        return len(self._slots)

    async def receiver(self):
        while True:
            number, reply = await self._wire.read()
            slot = self._slots.pop(number, None)
            if slot is None or slot.done():
                self.orphan_replies.append(reply)
            else:
                slot.set_result(reply)

    async def call(self, payload, timeout):
        self._last += 1
        number = self._last
        future = self._slots[number] = asyncio.get_running_loop().create_future()
        try:
            await self._wire.write(number, payload)
            return await asyncio.wait_for(future, timeout)
        finally:
            self._slots.pop(number, None)


async def caller(channel, payload, start, timeout, out):
    await asyncio.sleep(start)
    try:
        out[payload] = await channel.call(payload, timeout)
    except asyncio.TimeoutError:
        out[payload] = None


def damage(state) -> bool:
    channel, out = state
    wrong = any(v != k.upper() for k, v in out.items() if v is not None)
    return wrong or out["ping"] is None or channel.in_flight != 0


async def main():
    channel = Channel(Wire({"slow": 0.04, "ping": 0.01}))
    receiver = asyncio.create_task(channel.receiver())
    out = {}
    await asyncio.gather(
        caller(channel, "ping", 0, 1.0, out),
        caller(channel, "stat", 0.001, 1.0, out),
        caller(channel, "slow", 0.002, 0.015, out),
    )
    await asyncio.sleep(0.05)
    receiver.cancel()
    state = (channel, out)
    print(out, "orphans", channel.orphan_replies, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
