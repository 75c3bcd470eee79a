"""Job queue whose workers peek at the head, run the job and then remove the head (at-least-once processing).
RACE: acting on a vanished item - JobQueue.peek returns the head (# READ), the worker awaits the job, then JobQueue.ack
pops whatever is the head now (# ACT); one job runs twice and another one is dropped without having run.
"""
import sys
from collections import deque

import anyio


class JobQueue:
    def __init__(self, jobs):
        self._jobs = deque(jobs)
        self.acked = []

    def peek(self):
        return self._jobs[0] if self._jobs else None  # READ

    def ack(self):
        if self._jobs:
            self.acked.append(self._jobs.popleft())  # ACT

    def __len__(self):
        return len(self._jobs)


class Worker:
    def __init__(self, name, queue, speed):
        self.name = name
        self.queue = queue
        self.speed = speed
        self.ran = []

    async def execute(self, job):
        await anyio.sleep(self.speed)
        self.ran.append(job)

    async def run(self):
        while True:
            job = self.queue.peek()
            if job is None:
                break
            await self.execute(job)
            self.queue.ack()


class Report:
    def __init__(self, queue, workers):
        self.ran = [job for w in workers for job in w.ran]
        self.never = set(queue.acked) - set(self.ran)


def damage(report) -> bool:
    return bool(report.never) or len(report.ran) != len(set(report.ran))


async def main():
    queue = JobQueue(["resize", "mail", "index", "bill"])
    workers = [Worker("w1", queue, 0.04), Worker("w2", queue, 0.056)]
    async with anyio.create_task_group() as tg:
        for worker in workers:
            tg.start_soon(worker.run)
    report = Report(queue, workers)
    print({w.name: w.ran for w in workers}, "never ran", report.never, "damage", damage(report))
    return report


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
