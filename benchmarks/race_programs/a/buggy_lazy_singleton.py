"""Module-level lazily created broker client, shared by all publishers.
RACE: check-then-act - get_broker() tests the module global `_broker` (# READ), awaits the connection, then assigns it
(# ACT); each publisher gets its own broker, one of which is never closed and holds buffered messages.
"""
import sys

import anyio

_broker = None
_opened = []


class Broker:
    def __init__(self, url):
        self.url = url
        self.buffer = []
        self.closed = False
        self.delivered = []

    @classmethod
    async def connect(cls, url):
        await anyio.sleep(0.04)
        broker = cls(url)
        _opened.append(broker)
        return broker

    def publish(self, topic, payload):
        self.buffer.append((topic, payload))

    async def aclose(self):
        await anyio.sleep(0.004)
        self.delivered, self.buffer = self.buffer, []
        self.closed = True


async def get_broker():
    global _broker
    if _broker is None:  # READ
        _broker = await Broker.connect("amqp://local")  # ACT
    return _broker


async def shutdown():
    global _broker
    if _broker is not None:
        broker, _broker = _broker, None
        await broker.aclose()


class Publisher:
    def __init__(self, topic):
        self.topic = topic

    async def emit(self, payload, start):
        await anyio.sleep(start)
        broker = await get_broker()
        broker.publish(self.topic, payload)


def damage(opened) -> bool:
    return any(not b.closed for b in opened) and sum(len(b.delivered) for b in opened) < 2


async def main():
    _opened.clear()
    async with anyio.create_task_group() as tg:
        tg.start_soon(Publisher("orders").emit, {"id": 1}, 0)
        tg.start_soon(Publisher("mails").emit, {"to": "ann"}, 0.02)
    await shutdown()
    print([(b.closed, b.delivered, b.buffer) for b in _opened], "damage", damage(_opened))
    return list(_opened)


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
