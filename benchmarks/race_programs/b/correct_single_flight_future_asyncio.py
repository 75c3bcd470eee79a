"""Lazy connection of a message bus client with plain asyncio.

SAFE BECAUSE: the first publisher stores the dial TASK in the step of the test; all later ones
await the same task. `connection()` tests and stores without an await in between, and a
failed dial is removed only if the attribute still holds this same task.
"""
import asyncio


class Conn:
    def __init__(self, serial):
        self.serial = serial
        self.frames = []
        self.closed = False

    async def close(self):
        await asyncio.sleep(0)
        self.closed = True


class Bus:
    def __init__(self):
        self.conns = []
        self.attempts = 0

    async def dial(self):
        self.attempts += 1
        attempt = self.attempts
        await asyncio.sleep(0.06)
        if attempt == 1:
            raise ConnectionError("first dial fails")
        conn = Conn(len(self.conns))
        self.conns.append(conn)
        return conn


class Publisher:
    def __init__(self, bus):
        self.bus = bus
        self.dialing = None

    async def connection(self):
        if self.dialing is None:
            self.dialing = asyncio.create_task(self.bus.dial())
        task = self.dialing
        try:
            return await asyncio.shield(task)
        except ConnectionError:
            if self.dialing is task:
                self.dialing = None
            raise

    async def publish(self, payload):
        while True:
            try:
                conn = await self.connection()
            except ConnectionError:
                continue
            conn.frames.append(payload)
            return


async def main():
    bus = Bus()
    publisher = Publisher(bus)

    async def producer(name, delay):
        await asyncio.sleep(delay)
        await publisher.publish(name)

    await asyncio.gather(producer("a", 0), producer("b", 0.03), producer("c", 0.09), producer("d", 0.2))
    await (await publisher.connection()).close()
    return {"attempts": bus.attempts, "conns": [(sorted(c.frames), c.closed) for c in bus.conns]}


def damage(state):
    return state != {"attempts": 2, "conns": [(["a", "b", "c", "d"], True)]}


if __name__ == "__main__":
    result = asyncio.run(main())
    print(result, "DAMAGE" if damage(result) else "ok")
