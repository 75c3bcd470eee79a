"""MQTT publisher that reconnects when its connection is down.
RACE: double initialization - Publisher.connected tested in _ensure, self._conn replaced after the handshake
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

    @property
    def connected(self) -> bool:
        return self._conn is not None

    async def _ensure(self) -> None:
        if not self.connected:
            await self._reconnect()

    async def _reconnect(self) -> None:
        self._conn = await self.broker.handshake()

    async def publish(self, topic: str, value: float) -> None:
        await self._ensure()
        self.broker.messages.append(f"{self._conn}:{topic}={value}")

    async def __aenter__(self) -> "Publisher":
        return self

    async def __aexit__(self, *exc) -> None:
        if self._conn is not None:
            await self.broker.bye(self._conn)


async def main():
    broker = Broker()
    async with Publisher(broker) as publisher:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(publisher.publish("kitchen/temp", 21.5))
            tg.create_task(publisher.publish("cellar/temp", 12.0))
            tg.create_task(publisher.publish("attic/temp", 29.0))
    return {"open_sessions": sorted(broker.sessions), "messages": len(broker.messages)}


def damage(state) -> bool:
    return bool(state["open_sessions"])


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
