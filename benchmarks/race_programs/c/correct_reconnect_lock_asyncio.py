"""MQTT publisher that reconnects when its connection is down.
CORRECT: double-checked locking - the state is looked at again under the lock before the handshake
"""

import asyncio


class Broker:
    def __init__(self) -> None:
        self.sessions: set[int] = set()
        self.counter = 0
        self.messages: list[str] = []

    async def handshake(self) -> int:
        self.counter += 1
        session = self.counter
        self.sessions.add(session)
        await asyncio.sleep(0.02)
        return session

    async def bye(self, session: int) -> None:
        await asyncio.sleep(0)
        self.sessions.discard(session)


class Publisher:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._conn: int | None = None
        self._connecting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._conn is not None

    async def _ensure(self) -> None:
        if self.connected:
            return
        async with self._connecting:
            if not self.connected:
                self._conn = await self.broker.handshake()

    async def publish(self, topic: str, value: float) -> None:
        await self._ensure()
        self.broker.messages.append(f"{self._conn}:{topic}={value}")

    async def __aenter__(self) -> "Publisher":
        return self

    async def __aexit__(self, *exc) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            await self.broker.bye(conn)


async def sensor(publisher: Publisher, room: str, values: list[float]) -> None:
    for value in values:
        await publisher.publish(f"{room}/temp", value)
        await asyncio.sleep(0.005)


async def main():
    broker = Broker()
    async with Publisher(broker) as publisher:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(sensor(publisher, "kitchen", [21.5, 21.6]))
            tg.create_task(sensor(publisher, "cellar", [12.0]))
            tg.create_task(sensor(publisher, "attic", [29.0, 29.5]))
    return {"open": len(broker.sessions), "handshakes": broker.counter, "messages": len(broker.messages)}


def damage(state) -> bool:
    return state != {"open": 0, "handshakes": 1, "messages": 5}


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
