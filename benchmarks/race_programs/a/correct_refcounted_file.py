"""Shared file handles that are reference counted and closed when the last user leaves.
SAFE BECAUSE: after the flush release() looks at the counter again and closes only if it is still zero and the handle was
not closed by another leaver; test and close are not separated by an await.
"""
import sys
from contextlib import asynccontextmanager

import anyio


class Handle:
    def __init__(self, path):
        self.path = path
        self.refs = 0
        self.closed = False
        self.lines = []
        self.flushed = 0

    async def flush(self):
        count = len(self.lines)
        await anyio.sleep(0.01)
        self.flushed = max(self.flushed, count)

    def write(self, line):
        if self.closed:
            return False
        self.lines.append(line)
        return True


class HandleCache:
    def __init__(self):
        self._open = {}
        self.closed = []
        self.failed_writes = []

    def acquire(self, path):
        handle = self._open.get(path)
        if handle is None:
            handle = self._open[path] = Handle(path)
        handle.refs += 1
        return handle

    async def release(self, handle):
        handle.refs -= 1
        while handle.refs == 0 and not handle.closed:
            await handle.flush()
            if handle.refs == 0 and not handle.closed and handle.flushed == len(handle.lines):
                handle.closed = True
                del self._open[handle.path]
                self.closed.append(handle)

    @asynccontextmanager
    async def open(self, path):
        handle = self.acquire(path)
        try:
            yield handle
        finally:
            await self.release(handle)


async def logger(cache, name, start, hold):
    await anyio.sleep(start)
    async with cache.open("app.log") as handle:
        await anyio.sleep(hold)
        if not handle.write(f"{name} done"):
            cache.failed_writes.append(name)


def damage(cache) -> bool:
    unflushed = any(h.flushed != len(h.lines) for h in cache.closed)
    return bool(cache.failed_writes) or unflushed or bool(cache._open)


async def main():
    cache = HandleCache()
    async with anyio.create_task_group() as tg:
        tg.start_soon(logger, cache, "first", 0, 0.01)  # flushes during 0.01 .. 0.02
        tg.start_soon(logger, cache, "second", 0.015, 0.012)
        tg.start_soon(logger, cache, "third", 0.017, 0.003)
        tg.start_soon(logger, cache, "fourth", 0.06, 0.001)
    print([h.lines for h in cache.closed], "failed", cache.failed_writes, "damage", damage(cache))
    return cache


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
