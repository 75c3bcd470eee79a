"""Bounded order buffer between web handlers and packers, built on a condition variable.
SAFE BECAUSE: length tests are made inside the condition's lock and repeated in a while loop after every wait(); append and
popleft follow the test without an await.
"""
import sys
from collections import deque

import anyio


class Buffer:
    def __init__(self, limit):
        self.limit = limit
        self._items = deque()
        self._changed = anyio.Condition()
        self.closed = False
        self.highest = 0

    def __len__(self):
        return len(self._items)

    async def put(self, item):
        async with self._changed:
            while len(self) >= self.limit:
                await self._changed.wait()
            self._items.append(item)
            self.highest = max(self.highest, len(self))
            self._changed.notify_all()

    async def get(self):
        async with self._changed:
            while not self._items:
                if self.closed:
                    return None
                await self._changed.wait()
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    async def close(self):
        async with self._changed:
            self.closed = True
            self._changed.notify_all()


class Handler:
    def __init__(self, name, buffer):
        self.name = name
        self.buffer = buffer

    async def run(self, n):
        for i in range(n):
            await self.buffer.put(f"{self.name}-{i}")
            await anyio.sleep(0.001)


class Packer:
    def __init__(self, buffer, pause):
        self.buffer = buffer
        self.pause = pause
        self.packed = []

    async def run(self):
        while (item := await self.buffer.get()) is not None:
            await anyio.sleep(self.pause)
            self.packed.append(item)


def damage(state) -> bool:
    buffer, packers = state
    packed = [i for p in packers for i in p.packed]
    return buffer.highest > buffer.limit or len(packed) != 9 or len(set(packed)) != 9


async def main():
    buffer = Buffer(2)
    packers = [Packer(buffer, 0.004), Packer(buffer, 0.006)]
    async with anyio.create_task_group() as tg:
        for packer in packers:
            tg.start_soon(packer.run)
        async with anyio.create_task_group() as handlers:
            for name in ("web", "app", "tel"):
                handlers.start_soon(Handler(name, buffer).run, 3)
        await buffer.close()
    state = (buffer, packers)
    print([p.packed for p in packers], "highest", buffer.highest, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
