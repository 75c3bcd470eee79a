"""Supervisor that pings its workers in turn while finished workers deregister themselves.
RACE: iteration over a list changed meanwhile - Supervisor.sweep iterates over the live `self.workers` (# READ), awaits
each ping, a worker removes itself, and the next step (# ACT) skips a worker: the dead one is never restarted.
"""
import sys

import anyio


class Worker:
    def __init__(self, name, alive=True):
        self.name = name
        self.alive = alive
        self.restarts = 0

    async def ping(self):
        await anyio.sleep(0.04)
        return self.alive

    def restart(self):
        self.restarts += 1
        self.alive = True


class Registry(list):
    def register(self, worker):
        self.append(worker)
        return worker

    def deregister(self, worker):
        self.remove(worker)


class Supervisor:
    def __init__(self):
        self.workers = Registry()
        self.checked = []

    async def sweep(self):
        for worker in self.workers:  # READ  # ACT
            ok = await worker.ping()
            self.checked.append(worker.name)
            if not ok:
                worker.restart()


class Job:
    def __init__(self, supervisor, worker):
        self.supervisor = supervisor
        self.worker = worker

    async def run(self, seconds):
        await anyio.sleep(seconds)
        self.supervisor.workers.deregister(self.worker)


def damage(supervisor) -> bool:
    return any(not w.alive for w in supervisor.workers)


async def main():
    sup = Supervisor()
    first = sup.workers.register(Worker("import"))
    sup.workers.register(Worker("index", alive=False))
    sup.workers.register(Worker("mail"))
    async with anyio.create_task_group() as tg:
        tg.start_soon(sup.sweep)
        tg.start_soon(Job(sup, first).run, 0.02)
    print("checked", sup.checked, [(w.name, w.alive) for w in sup.workers], "damage", damage(sup))
    return sup


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
