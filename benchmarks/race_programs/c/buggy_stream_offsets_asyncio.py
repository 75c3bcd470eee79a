"""Stream processor that commits the offset of each finished record for a restart.
RACE: stale check, write goes backwards - Partition.committed compared in Processor.finish, Partition.commit after the broker's ack
"""

import asyncio


class Partition:
    def __init__(self, number: int) -> None:
        self.number = number
        self.committed = -1
        self.log: list[int] = []

    def behind(self, offset: int) -> bool:
        return self.committed < offset

    def commit(self, offset: int) -> None:
        self.committed = offset
        self.log.append(offset)


class Broker:
    async def ack(self, partition: Partition, offset: int) -> None:
        # the first offset of a segment needs an index write
        await asyncio.sleep(0.08 if offset % 3 == 0 else 0.02)


class Processor:
    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.broker = Broker()
        self.done: list[str] = []

    async def handle(self, offset: int, record: str) -> None:
        await asyncio.sleep(0)
        self.done.append(record.upper())
        await self.finish(offset)

    async def finish(self, offset: int) -> None:
        if self.partition.behind(offset):
            await self.broker.ack(self.partition, offset)
            self.partition.commit(offset)


async def main():
    partition = Partition(0)
    processor = Processor(partition)
    async with asyncio.TaskGroup() as tg:
        for offset, record in enumerate(["a", "b", "c"]):
            tg.create_task(processor.handle(offset, record))
    return {"committed": partition.committed, "log": partition.log, "done": len(processor.done)}


def damage(state) -> bool:
    return state["committed"] != 2


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
