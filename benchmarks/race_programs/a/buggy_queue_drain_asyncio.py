"""Bulk inserter: when enough rows are queued, a flusher takes a full chunk of them (plain asyncio.Queue).
RACE: check-then-act - Flusher.flush_once tests `qsize() >= chunk` (# READ), awaits a database transaction, then takes
`chunk` rows without waiting (# ACT); a second flusher took them and QueueEmpty aborts the half-filled transaction.
"""
import asyncio

import anyio


class Database:
    def __init__(self):
        self.tables = []
        self.aborted = 0

    async def begin(self):
        await asyncio.sleep(0.04)
        return []

    async def commit(self, rows):
        await asyncio.sleep(0.004)
        self.tables.extend(rows)


class Flusher:
    def __init__(self, db, queue, chunk):
        self.db = db
        self.queue = queue
        self.chunk = chunk
        self.lost = []

    def ready(self):
        return self.queue.qsize() >= self.chunk  # READ

    def _take_chunk(self, rows):
        for _ in range(self.chunk):
            rows.append(self.queue.get_nowait())  # ACT

    async def flush_once(self):
        if not self.ready():
            return
        rows = await self.db.begin()
        try:
            self._take_chunk(rows)
        except asyncio.QueueEmpty:
            self.db.aborted += 1
            self.lost.extend(rows)
            return
        await self.db.commit(rows)

    async def run(self, rounds):
        for _ in range(rounds):
            await self.flush_once()
            await asyncio.sleep(0.008)


async def feed(queue, n):
    for i in range(n):
        await queue.put({"row": i})


def damage(flusher) -> bool:
    return flusher.db.aborted > 0 and bool(flusher.lost)


async def main():
    queue = asyncio.Queue()
    await feed(queue, 5)
    flusher = Flusher(Database(), queue, chunk=3)
    workers = [asyncio.create_task(flusher.run(2)) for _ in range(2)]
    await asyncio.gather(*workers)
    print(len(flusher.db.tables), "stored", "aborted", flusher.db.aborted, "lost", flusher.lost, "damage", damage(flusher))
    return flusher


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
