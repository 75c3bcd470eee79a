"""Worker process manager that stops an idle worker to save memory.

RACE: check-then-act - reap() sees `worker.active == 0`, awaits the graceful shutdown
and then marks it `stopped`; a job dispatched in between runs on a worker that is
being stopped and fails.
"""
import anyio


class Worker:
    def __init__(self, name):
        self.name = name
        self.active = 0
        self.stopped = False

    async def shutdown(self):
        await anyio.sleep(0.06)

    async def run(self, job):
        self.active += 1
        try:
            await anyio.sleep(0.08)
            if self.stopped:
                raise ConnectionResetError(self.name)
            return f"{job}@{self.name}"
        finally:
            self.active -= 1


class Manager:
    def __init__(self, *names):
        self.workers = {n: Worker(n) for n in names}
        self.failures = []
        self.results = []

    def least_loaded(self):
        alive = [w for w in self.workers.values() if not w.stopped]
        return min(alive, key=lambda w: (w.active, w.name))

    async def dispatch(self, job):
        worker = self.least_loaded()
        try:
            self.results.append(await worker.run(job))
        except ConnectionResetError as exc:
            self.failures.append((job, str(exc)))

    async def reap(self, name):
        worker = self.workers[name]
        if worker.active == 0 and not worker.stopped:
            await worker.shutdown()
            worker.stopped = True


async def main():
    manager = Manager("w1", "w2")
    async with anyio.create_task_group() as tg:
        tg.start_soon(manager.reap, "w1")
        await anyio.sleep(0.03)
        tg.start_soon(manager.dispatch, "render")
        await anyio.sleep(0.08)
        tg.start_soon(manager.dispatch, "encode")
    return {"failures": manager.failures, "results": manager.results}


def damage(state):
    return bool(state["failures"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
