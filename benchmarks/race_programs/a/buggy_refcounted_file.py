"""Shared file handles that are reference counted and closed when the last user leaves.
RACE: check-then-act - HandleCache.release sees `handle.refs == 0` (# READ), awaits the flush, then closes the
handle and forgets it (# ACT); a user who acquired the handle during the flush holds a closed file.
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

    async def flush(self):
        await anyio.sleep(0.08)

    def write(self, line):
        if self.closed:
            return False
        self.lines.append(line)
        return True


class HandleCache:
    def __init__(self):
        self._open = {}
        self.failed_writes = []

    def acquire(self, path):
        handle = self._open.get(path)
        if handle is None:
            handle = self._open[path] = Handle(path)
        handle.refs += 1
        return handle

    async def release(self, handle):
        handle.refs -= 1
        if handle.refs == 0:  # READ
            await handle.flush()
            handle.closed = True  # ACT
            del self._open[handle.path]

    @asynccontextmanager
    async def open(self, path):
        handle = self.acquire(path)
        try:
            yield handle
        finally:
            if not handle.closed:
                await self.release(handle)


async def logger(cache, name, start, hold):
    await anyio.sleep(start)
    async with cache.open("app.log") as handle:
        await anyio.sleep(hold)
        if not handle.write(f"{name} done"):
            cache.failed_writes.append(name)


def damage(cache) -> bool:
    return bool(cache.failed_writes)


async def main():
    cache = HandleCache()
    async with anyio.create_task_group() as tg:
        tg.start_soon(logger, cache, "first", 0, 0.04)
        tg.start_soon(logger, cache, "second", 0.08, 0.12)
    print("failed writes", cache.failed_writes, "damage", damage(cache))
    return cache


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
