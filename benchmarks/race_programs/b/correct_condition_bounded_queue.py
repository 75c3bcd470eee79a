"""Print spooler with a bounded queue built on a condition variable.

SAFE BECAUSE: each test of the queue and the change that follows are under the condition's
lock; after each wait() the predicate is tested again by the while loop, since
another printer may have taken the page in the meantime.
"""
from collections import deque

import anyio


class Spooler:
    def __init__(self, size):
        self.size = size
        self.pages = deque()
        self.closed = False
        self.cond = anyio.Condition()

    async def put(self, page):
        async with self.cond:
            while len(self.pages) >= self.size:
                await self.cond.wait()
            self.pages.append(page)
            self.cond.notify_all()

    async def get(self):
        async with self.cond:
            while not self.pages:
                if self.closed:
                    return None
                await self.cond.wait()
            page = self.pages.popleft()
            self.cond.notify_all()
            return page

    async def close(self):
        async with self.cond:
            self.closed = True
            self.cond.notify_all()


async def printer(spooler, speed, printed, peaks):
    while (page := await spooler.get()) is not None:
        peaks.append(len(spooler.pages))
        await anyio.sleep(speed)
        printed.append(page)


async def document(spooler, name, pages, pause):
    for n in range(pages):
        await spooler.put(f"{name}{n}")
        await anyio.sleep(pause)


async def main():
    spooler = Spooler(2)
    printed, peaks = [], []
    async with anyio.create_task_group() as printers:
        printers.start_soon(printer, spooler, 0.05, printed, peaks)
        printers.start_soon(printer, spooler, 0.03, printed, peaks)
        async with anyio.create_task_group() as writers:
            writers.start_soon(document, spooler, "a", 4, 0.0)
            writers.start_soon(document, spooler, "b", 3, 0.03)
        await spooler.close()
    return {"printed": sorted(printed), "peak": max(peaks)}


def damage(state):
    return state["printed"] != ["a0", "a1", "a2", "a3", "b0", "b1", "b2"] or state["peak"] > 2


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
