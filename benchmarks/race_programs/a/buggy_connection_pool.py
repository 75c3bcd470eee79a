"""Database connection pool that opens connections on demand up to a maximum.
RACE: check-then-act - Pool.acquire tests the property `has_capacity` (# READ), awaits the dial, then appends the
connection (# ACT); several tasks pass the test at once and the pool grows above max_size.
"""
import sys
from contextlib import asynccontextmanager

import anyio


class Connection:
    _serial = 0

    def __init__(self, host):
        Connection._serial += 1
        self.id = Connection._serial
        self.host = host

    async def query(self, sql):
        await anyio.sleep(0.08)
        return f"{sql}@{self.id}"


class Pool:
    def __init__(self, host, max_size):
        self.host = host
        self.max_size = max_size
        self._all = []
        self._idle = []
        self._freed = anyio.Semaphore(0)
        self.peak = 0

    @property
    def has_capacity(self):
        return len(self._all) < self.max_size

    async def _dial(self):
        await anyio.sleep(0.04)
        return Connection(self.host)

    async def _get(self):
        if self._idle:
            return self._idle.pop()
        if self.has_capacity:  # READ
            conn = await self._dial()
            self._all.append(conn)  # ACT
            self.peak = max(self.peak, len(self._all))
            return conn
        while not self._idle:
            await self._freed.acquire()
        return self._idle.pop()

    @asynccontextmanager
    async def acquire(self):
        conn = await self._get()
        try:
            yield conn
        finally:
            self._idle.append(conn)
            self._freed.release()


class Repository:
    def __init__(self, pool):
        self.pool = pool

    async def load(self, key, results):
        async with self.pool.acquire() as conn:
            results.append(await conn.query(f"select {key}"))


def damage(pool) -> bool:
    return pool.peak > pool.max_size


async def main():
    pool = Pool("db1", max_size=2)
    repo = Repository(pool)
    results = []
    async with anyio.create_task_group() as tg:
        for key in "abcde":
            tg.start_soon(repo.load, key, results)
    print(len(results), "results; peak", pool.peak, "of", pool.max_size, "damage", damage(pool))
    return pool


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
