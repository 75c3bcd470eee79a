"""Message bus client that reconnects lazily with plain asyncio.

RACE: check-then-act - `if self.conn is None` in publish() reads, `await self._dial()` runs,
`self.conn = conn` acts; two publishers dial, the first connection is overwritten and
never closed, the message sent on it stays unflushed.
"""
import asyncio
from dataclasses import dataclass, field


@dataclass
class Conn:
    serial: int
    frames: list = field(default_factory=list)
    closed: bool = False

    async def close(self):
        await asyncio.sleep(0)
        self.closed = True


class Bus:
    def __init__(self):
        self.conns = []

    async def dial(self):
        conn = Conn(len(self.conns))
        self.conns.append(conn)
        await asyncio.sleep(0.06)
        return conn


class Publisher:
    def __init__(self, bus):
        self.bus = bus
        self.conn = None

    async def _dial(self):
        conn = await self.bus.dial()
        self.conn = conn

    async def publish(self, payload):
        if self.conn is None:
            await self._dial()
        self.conn.frames.append(payload)

    async def aclose(self):
        if self.conn is not None:
            conn, self.conn = self.conn, None
            await conn.close()


async def main():
    bus = Bus()
    publisher = Publisher(bus)

    async def producer(name, delay):
        await asyncio.sleep(delay)
        await publisher.publish(name)

    await asyncio.gather(producer("a", 0), producer("b", 0.03), producer("c", 0.15))
    await publisher.aclose()
    return [(c.serial, c.frames, c.closed) for c in bus.conns]


def damage(state):
    return any(not closed for _, _, closed in state)


if __name__ == "__main__":
    result = asyncio.run(main())
    print(result, "DAMAGE" if damage(result) else "ok")
