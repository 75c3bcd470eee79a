"""Stream processor that commits the offset of each finished record for a restart.
CORRECT: contiguous prefix - the committed offset only grows, it is advanced without an await after the ack
"""

import asyncio


class Partition:
    def __init__(self) -> None:
        self._committed = -1
        self._finished: set[int] = set()
        self.log: list[int] = []

    @property
    def committed(self) -> int:
        return self._committed

    def finish(self, offset: int) -> None:
        self._finished.add(offset)
        while self._committed + 1 in self._finished:
            self._committed += 1
            self._finished.discard(self._committed)
            self.log.append(self._committed)


class Broker:
    async def ack(self, offset: int) -> None:
        await asyncio.sleep(0.03 if offset % 3 == 0 else 0.01)


class Processor:
    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.broker = Broker()
        self.done: list[str] = []
        self.lag_seen = 0

    async def handle(self, offset: int, record: str) -> None:
        await asyncio.sleep(0)
        self.done.append(record.upper())
        if offset > self.partition.committed:
            await self.broker.ack(offset)
            self.partition.finish(offset)
        self.lag_seen = max(self.lag_seen, offset - self.partition.committed)


async def main():
    partition = Partition()
    processor = Processor(partition)
    async with asyncio.TaskGroup() as tg:
        for offset, record in enumerate("abcdef"):
            tg.create_task(processor.handle(offset, record))
    return {"committed": partition.committed, "log": partition.log, "done": len(processor.done)}


def damage(state) -> bool:
    return state["committed"] != 5 or state["log"] != [0, 1, 2, 3, 4, 5] or state["done"] != 6


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
