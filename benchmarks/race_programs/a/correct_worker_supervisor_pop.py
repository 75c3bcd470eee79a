"""Supervisor that pings its workers in turn while workers register and deregister themselves.
SAFE BECAUSE: sweep() does not iterate over the shared list: it takes one worker after the other out of a private deque
and skips who is not registered any more; deregister() tolerates an absent worker.
"""
import sys
from collections import deque

import anyio


class Worker:
    def __init__(self, name, alive=True):
        self.name = name
        self.alive = alive
        self.restarts = 0

    async def ping(self):
        await anyio.sleep(0.01)
        return self.alive

    def restart(self):
        self.restarts += 1
        self.alive = True


class Supervisor:
    def __init__(self):
        self.workers = []
        self.checked = []

    def register(self, worker):
        self.workers.append(worker)
        return worker

    def deregister(self, worker):
        if worker in self.workers:
            self.workers.remove(worker)

    async def sweep(self):
        todo = deque(self.workers)
        while todo:
            worker = todo.popleft()
            if worker not in self.workers:
                continue
            ok = await worker.ping()
            self.checked.append(worker.name)
            if not ok and worker in self.workers:
                worker.restart()


class Job:
    def __init__(self, supervisor, worker):
        self.supervisor = supervisor
        self.worker = worker

    async def run(self, start, seconds):
        await anyio.sleep(start)
        if self.worker not in self.supervisor.workers:
            self.supervisor.register(self.worker)
        await anyio.sleep(seconds)
        self.supervisor.deregister(self.worker)


def damage(sup) -> bool:
    dead = [w for w in sup.workers if not w.alive]
    return bool(dead)


async def main():
    sup = Supervisor()
    first = sup.register(Worker("import"))
    sup.register(Worker("index", alive=False))
    third = sup.register(Worker("mail", alive=False))
    sup.register(Worker("bill", alive=False))
    async with anyio.create_task_group() as tg:
        tg.start_soon(sup.sweep)
        tg.start_soon(Job(sup, first).run, 0, 0.005)
        tg.start_soon(Job(sup, third).run, 0, 0.025)
        tg.start_soon(Job(sup, Worker("temp")).run, 0.002, 0.02)
    print(sup.checked, [(w.name, w.restarts) for w in sup.workers], "damage", damage(sup))
    return sup


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
