"""Cron-like scheduler with several workers that pick the most urgent pending job.

RACE: check-then-act - pick() chooses `min(pending)`, run_one() persists the
lease and only then executes `job.state = "running"`; another worker picks the
same job in the gap, so it runs twice.
"""
from dataclasses import dataclass

import anyio


@dataclass(order=True)
class Job:
    due: int
    name: str
    state: str = "pending"
    runs: int = 0


class Backend:
    async def write_lease(self, job, worker):
        await anyio.sleep(0.06)

    async def execute(self, job):
        await anyio.sleep(0.03)
        job.runs += 1


class Scheduler:
    def __init__(self, jobs, backend):
        self.jobs = jobs
        self.backend = backend

    def pick(self):
        pending = [j for j in self.jobs if j.state == "pending"]
        return min(pending) if pending else None

    async def run_one(self, worker):
        job = self.pick()
        if job is None:
            return False
        await self.backend.write_lease(job, worker)
        job.state = "running"
        await self.backend.execute(job)
        job.state = "done"
        return True


async def worker(scheduler, name, delay):
    await anyio.sleep(delay)
    while await scheduler.run_one(name):
        pass


async def main():
    jobs = [Job(3, "vacuum"), Job(1, "invoice"), Job(2, "report")]
    scheduler = Scheduler(jobs, Backend())
    async with anyio.create_task_group() as tg:
        tg.start_soon(worker, scheduler, "w1", 0)
        tg.start_soon(worker, scheduler, "w2", 0.03)
    return {j.name: j.runs for j in jobs}


def damage(state):
    return any(runs > 1 for runs in state.values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
