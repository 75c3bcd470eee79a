"""Module-level lazily created broker client, shared by all publishers.
SAFE BECAUSE: the first caller stores an Event in `_opening` in the same step in which it sees no broker; later callers
wait for this event and look at the global again, so that one broker is opened (again after a failed attempt).
"""
import sys

import anyio

_broker = None
_opening = None
_opened = []
_attempts = 0


class Broker:
    def __init__(self, url):
        self.url = url
        self.buffer = []

    @classmethod
    async def connect(cls, url):
        global _attempts
        _attempts += 1
        attempt = _attempts
        await anyio.sleep(0.01)
        if attempt == 1:
            raise ConnectionError("first attempt fails")
        broker = cls(url)
        _opened.append(broker)
        return broker

    def publish(self, topic, payload):
        self.buffer.append((topic, payload))


async def get_broker():
    global _broker, _opening
    while _broker is None:
        if _opening is not None:
            await _opening.wait()
            continue
        opening = _opening = anyio.Event()
        try:
            _broker = await Broker.connect("amqp://local")
        finally:
            _opening = None
            opening.set()
    return _broker


class Publisher:
    def __init__(self, topic):
        self.topic = topic
        self.failures = 0

    async def emit(self, payload, start):
        await anyio.sleep(start)
        while True:
            try:
                broker = await get_broker()
            except ConnectionError:
                self.failures += 1
                continue
            broker.publish(self.topic, payload)
            return


def damage(opened) -> bool:
    return len(opened) != 1 or len(opened[0].buffer) != 4


async def main():
    global _broker, _opening, _attempts
    _broker = _opening = None
    _attempts = 0
    _opened.clear()
    publishers = [Publisher(t) for t in ("orders", "mails", "logs", "audit")]
    async with anyio.create_task_group() as tg:
        for i, publisher in enumerate(publishers):
            tg.start_soon(publisher.emit, {"n": i}, 0.004 * i)
    print(_opened[0].buffer, [p.failures for p in publishers], "damage", damage(_opened))
    return list(_opened)


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
