"""Database connection pool that opens connections on demand up to a maximum.
SAFE BECAUSE: the slot is reserved (`_size += 1`) in the same atomic step as the capacity check, before the dial is
awaited, and given back if the dial fails.
"""
import sys
from contextlib import asynccontextmanager

import anyio


class Connection:
    def __init__(self, number):
        self.number = number

    async def query(self, sql):
        await anyio.sleep(0.01)
        return f"{sql}@{self.number}"


class Pool:
    def __init__(self, max_size, flaky=()):
        self.max_size = max_size
        self._flaky = set(flaky)
        self._size = 0
        self._dials = 0
        self._open = []
        self._idle = []
        self._freed = anyio.Condition()
        self.peak = 0

    @property
    def has_capacity(self):
        return self._size < self.max_size

    async def _dial(self):
        self._dials += 1
        number = self._dials
        await anyio.sleep(0.01)
        if number in self._flaky:
            raise ConnectionError(number)
        return Connection(number)

    async def _get(self):
        while True:
            if self._idle:
                return self._idle.pop()
            if self.has_capacity:
                self._size += 1
                try:
                    conn = await self._dial()
                except ConnectionError:
                    self._size -= 1
                    continue
                self._open.append(conn)
                self.peak = max(self.peak, len(self._open))
                return conn
            async with self._freed:
                if not self._idle and not self.has_capacity:
                    await self._freed.wait()

    @asynccontextmanager
    async def acquire(self):
        conn = await self._get()
        try:
            yield conn
        finally:
            self._idle.append(conn)
            async with self._freed:
                self._freed.notify()


async def load(pool, key, results):
    async with pool.acquire() as conn:
        results.append(await conn.query(f"select {key}"))


def damage(state) -> bool:
    pool, results = state
    return pool.peak > pool.max_size or len(results) != 5


async def main():
    pool = Pool(max_size=2, flaky={2})
    results = []
    async with anyio.create_task_group() as tg:
        for key in "abcde":
            tg.start_soon(load, pool, key, results)
    state = (pool, results)
    print(results, "peak", pool.peak, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
