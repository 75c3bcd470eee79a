"""Worker pool with a shutdown; submissions normally finish their registration before the shutdown starts.
SCHEDULE-DEPENDENT
RACE: check-then-act - Pool.submit tests `self.closed` (# READ), awaits the quota service, then queues the job (# ACT);
a shutdown in between has already drained the queue, the job is accepted but never run.
"""
# OTHER ORDER: SHUTDOWN_AT=0.024
import sys
from collections import deque

import anyio

SHUTDOWN_AT = 0.12


class Quota:
    async def check(self, user):
        await anyio.sleep(0.04)
        return True


class PoolClosed(Exception):
    pass


class Pool:
    def __init__(self, quota):
        self.quota = quota
        self.closed = False
        self._queue = deque()
        self.accepted = []
        self.done = []

    def _ensure_open(self):
        if self.closed:  # READ
            raise PoolClosed

    async def submit(self, user, job):
        self._ensure_open()
        if await self.quota.check(user):
            self._queue.append(job)  # ACT
            self.accepted.append(job)

    async def shutdown(self):
        self.closed = True
        while self._queue:
            job = self._queue.popleft()
            await anyio.sleep(0.004)
            self.done.append(job)


async def operator(pool):
    await anyio.sleep(SHUTDOWN_AT)
    await pool.shutdown()


def damage(pool) -> bool:
    return set(pool.accepted) != set(pool.done)


async def main():
    pool = Pool(Quota())
    async with anyio.create_task_group() as tg:
        tg.start_soon(pool.submit, "ann", "thumbnail-1")
        tg.start_soon(pool.submit, "bob", "thumbnail-2")
        tg.start_soon(operator, pool)
    print("accepted", pool.accepted, "done", pool.done, "damage", damage(pool))
    return pool


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
