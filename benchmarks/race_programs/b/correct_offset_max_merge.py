"""Stream consumer that commits offsets after asynchronous handling.

SAFE BECAUSE: commit() merges with max() against the value read after the await, in one
step; the reading before the await only skips acks for offsets that are already covered,
and since offsets never go down, such a skip stays right for ever.
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
        self.history = []

    async def commit(self, partition, offset, latency):
        current = self.committed[partition]
        if offset <= current:
            return
        await self.broker.ack(partition, offset, latency)
        self.committed[partition] = max(self.committed[partition], offset)
        self.history.append((partition, self.committed[partition]))

    async def handle(self, partition, offset, work, latency):
        await anyio.sleep(work)
        await self.commit(partition, offset, latency)


async def main():
    consumer = Consumer(Broker(), ["p0", "p1"])
    async with anyio.create_task_group() as tg:
        tg.start_soon(consumer.handle, "p0", 1, 0, 0.12)
        tg.start_soon(consumer.handle, "p0", 2, 0.02, 0.04)
        tg.start_soon(consumer.handle, "p1", 5, 0, 0.03)
        tg.start_soon(consumer.handle, "p0", 0, 0.1, 0.03)
    p0 = [o for p, o in consumer.history if p == "p0"]
    return {"committed": consumer.committed, "monotonic": p0 == sorted(p0)}


def damage(state):
    return state["committed"] != {"p0": 2, "p1": 5} or not state["monotonic"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
