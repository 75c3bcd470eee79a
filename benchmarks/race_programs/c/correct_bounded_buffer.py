"""Sensor pipeline with a bounded buffer between the reader and two uploaders.
CORRECT: condition variable with while loops - every check and change happens under the condition's lock
"""

import anyio


class BoundedBuffer:
    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.items: list[int] = []
        self.peak = 0
        self.closed = False
        self._cond = anyio.Condition()

    def _full(self) -> bool:
        return len(self.items) >= self.capacity

    async def put(self, item: int) -> None:
        async with self._cond:
            while self._full():
                await self._cond.wait()
            self.items.append(item)
            self.peak = max(self.peak, len(self.items))
            self._cond.notify_all()

    async def get(self) -> int | None:
        async with self._cond:
            while not self.items and not self.closed:
                await self._cond.wait()
            if not self.items:
                return None
            item = self.items.pop(0)
            self._cond.notify_all()
            return item

    async def close(self) -> None:
        async with self._cond:
            self.closed = True
            self._cond.notify_all()


async def reader(buffer: BoundedBuffer, readings: range) -> None:
    for value in readings:
        await buffer.put(value)
        await anyio.sleep(0.001)
    await buffer.close()


async def uploader(buffer: BoundedBuffer, sent: list[int]) -> None:
    while (value := await buffer.get()) is not None:
        await anyio.sleep(0.005)
        sent.append(value)


async def main():
    buffer = BoundedBuffer(capacity=3)
    sent: list[int] = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(reader, buffer, range(12))
        tg.start_soon(uploader, buffer, sent)
        tg.start_soon(uploader, buffer, sent)
    return {"sent": sorted(sent), "peak": buffer.peak}


def damage(state) -> bool:
    return state["sent"] != list(range(12)) or state["peak"] > 3


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
