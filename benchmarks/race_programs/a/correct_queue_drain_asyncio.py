"""Bulk inserter: when enough rows are queued, a flusher takes a full chunk of them (plain asyncio.Queue).
SAFE BECAUSE: the size test before the transaction is only a hint; after `begin` the flusher takes what is really there,
up to a chunk, testing empty() before each get_nowait() without an await in between.
"""
import asyncio

import anyio


class Database:
    def __init__(self):
        self.rows = []
        self.transactions = 0
        self.empty = 0

    async def begin(self):
        self.transactions += 1
        await asyncio.sleep(0.01)
        return []

    async def commit(self, rows):
        if not rows:
            self.empty += 1
            return
        await asyncio.sleep(0.001)
        self.rows.extend(rows)


class Flusher:
    def __init__(self, db, queue, chunk):
        self.db = db
        self.queue = queue
        self.chunk = chunk
        self.closing = False

    def ready(self):
        return self.queue.qsize() >= (1 if self.closing else self.chunk)

    def _take(self, rows):
        while len(rows) < self.chunk and not self.queue.empty():
            rows.append(self.queue.get_nowait())

    async def flush_once(self):
        if not self.ready():
            return
        rows = await self.db.begin()
        self._take(rows)
        await self.db.commit(rows)

    async def run(self):
        while not (self.closing and self.queue.empty()):
            await self.flush_once()
            await asyncio.sleep(0.002)


async def feed(queue, name, n, pause):
    for i in range(n):
        await queue.put((name, i))
        await asyncio.sleep(pause)


def damage(db) -> bool:
    return len(db.rows) != 11 or len(set(db.rows)) != 11


async def main():
    queue = asyncio.Queue()
    flusher = Flusher(Database(), queue, chunk=3)
    workers = [asyncio.create_task(flusher.run()) for _ in range(2)]
    await asyncio.gather(feed(queue, "web", 6, 0.001), feed(queue, "app", 5, 0.003))
    flusher.closing = True
    await asyncio.gather(*workers)
    db = flusher.db
    print(len(db.rows), "rows in", db.transactions, "transactions,", db.empty, "empty; damage", damage(db))
    return db


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
