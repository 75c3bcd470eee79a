"""Cron-like scheduler with several workers that take the most urgent pending job.

SAFE BECAUSE: claim() removes the job from the heap in the same step in which it picks it;
the lease is written afterwards. A lease that fails pushes the job back, so that it is
neither lost nor run twice.
"""
import heapq
from dataclasses import dataclass, field

import anyio


@dataclass(order=True)
class Job:
    due: int
    name: str
    runs: int = field(default=0, compare=False)


class Backend:
    def __init__(self):
        self.refuse = {"invoice"}

    async def write_lease(self, job, worker):
        await anyio.sleep(0.05)
        if job.name in self.refuse:
            self.refuse.discard(job.name)
            return False
        return True

    async def execute(self, job):
        await anyio.sleep(0.03)
        job.runs += 1


class Scheduler:
    def __init__(self, jobs, backend):
        self.heap = list(jobs)
        heapq.heapify(self.heap)
        self.backend = backend
        self.left = len(self.heap)

    def claim(self):
        return heapq.heappop(self.heap) if self.heap else None

    async def run_one(self, worker):
        job = self.claim()
        if job is None:
            await anyio.sleep(0.01)
            return
        if not await self.backend.write_lease(job, worker):
            heapq.heappush(self.heap, job)
            return
        await self.backend.execute(job)
        self.left -= 1


async def worker(scheduler, name, delay):
    await anyio.sleep(delay)
    while scheduler.left:
        await scheduler.run_one(name)


async def main():
    jobs = [Job(3, "vacuum"), Job(1, "invoice"), Job(2, "report"), Job(4, "backup")]
    scheduler = Scheduler(jobs, Backend())
    async with anyio.create_task_group() as tg:
        tg.start_soon(worker, scheduler, "w1", 0)
        tg.start_soon(worker, scheduler, "w2", 0.03)
    return {j.name: j.runs for j in jobs}


def damage(state):
    return any(runs != 1 for runs in state.values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
