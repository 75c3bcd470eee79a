"""Job queue whose workers claim a job, run it and acknowledge it; a failed job returns to the queue.
SAFE BECAUSE: a job is claimed by popleft() together with the emptiness test, and acknowledged by its own id in the
`running` dict, never by position.
"""
import sys
from collections import deque

import anyio


class JobQueue:
    def __init__(self, jobs):
        self._jobs = deque(enumerate(jobs))
        self.running = {}
        self.acked = []

    def claim(self, worker):
        if not self._jobs:
            return None
        number, job = self._jobs.popleft()
        self.running[number] = (worker, job)
        return number, job

    def ack(self, number):
        _, job = self.running.pop(number)
        self.acked.append(job)

    def give_back(self, number):
        _, job = self.running.pop(number)
        self._jobs.append((number, job))

    @property
    def finished(self):
        return not self._jobs and not self.running


class Worker:
    def __init__(self, name, queue, speed, fail_once=()):
        self.name = name
        self.queue = queue
        self.speed = speed
        self.fail_once = set(fail_once)
        self.ran = []

    async def execute(self, job):
        await anyio.sleep(self.speed)
        if job in self.fail_once:
            self.fail_once.discard(job)
            return False
        self.ran.append(job)
        return True

    async def run(self):
        while not self.queue.finished:
            claim = self.queue.claim(self.name)
            if claim is None:
                await anyio.sleep(0.003)
                continue
            number, job = claim
            if await self.execute(job):
                self.queue.ack(number)
            else:
                self.queue.give_back(number)


def damage(state) -> bool:
    queue, workers = state
    ran = sorted(job for w in workers for job in w.ran)
    return ran != ["bill", "index", "mail", "resize"] or sorted(queue.acked) != ran


async def main():
    queue = JobQueue(["resize", "mail", "index", "bill"])
    workers = [Worker("w1", queue, 0.01, {"resize"}), Worker("w2", queue, 0.014), Worker("w3", queue, 0.004)]
    async with anyio.create_task_group() as tg:
        for worker in workers:
            tg.start_soon(worker.run)
    state = (queue, workers)
    print({w.name: w.ran for w in workers}, queue.acked, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
