"""Partitioned stream consumer that commits offsets after asynchronous handling.

RACE: stale comparison - commit() reads `current = self.committed[partition]`, awaits the
broker, then `if offset > current: self.committed[partition] = offset`; a higher offset
committed meanwhile is overwritten, and the messages are delivered again.
"""
import anyio


class Broker:
    def __init__(self):
        self.acks = []

    async def ack(self, partition, offset, latency):
        await anyio.sleep(latency)
        self.acks.append((partition, offset))


class Consumer:
    def __init__(self, broker, partitions):
        self.broker = broker
        self.committed = dict.fromkeys(partitions, -1)
        self.processed = []

    async def commit(self, partition, offset, latency):
        current = self.committed[partition]
        await self.broker.ack(partition, offset, latency)
        if offset > current:
            self.committed[partition] = offset

    async def handle(self, message):
        partition, offset, work, latency = message
        await anyio.sleep(work)
        self.processed.append((partition, offset))
        await self.commit(partition, offset, latency)


async def main():
    consumer = Consumer(Broker(), ["p0", "p1"])
    messages = [
        ("p0", 1, 0.00, 0.10),
        ("p0", 2, 0.02, 0.03),
        ("p1", 1, 0.00, 0.02),
    ]
    async with anyio.create_task_group() as tg:
        for message in messages:
            tg.start_soon(consumer.handle, message)
    return {
        "committed": consumer.committed,
        "highest": {p: max(o for q, o in consumer.processed if q == p) for p in ("p0", "p1")},
    }


def damage(state):
    return state["committed"] != state["highest"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
