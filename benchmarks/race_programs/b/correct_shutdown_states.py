"""Worker process manager that stops an idle worker to save memory.

SAFE BECAUSE: reap() moves the worker from IDLE to STOPPING in the same step as the check,
dispatch() moves IDLE to BUSY in one step and never chooses another state; all
transitions go through one guarded function, so a decision cannot be outrun.
"""
from enum import Enum, auto

import anyio


class State(Enum):
    IDLE = auto()
    BUSY = auto()
    STOPPING = auto()
    STOPPED = auto()


ALLOWED = {
    (State.IDLE, State.BUSY),
    (State.BUSY, State.IDLE),
    (State.IDLE, State.STOPPING),
    (State.STOPPING, State.STOPPED),
}


class Worker:
    def __init__(self, name):
        self.name = name
        self.state = State.IDLE

    def move(self, target):
        if (self.state, target) not in ALLOWED:
            return False
        self.state = target
        return True

    async def run(self, job):
        await anyio.sleep(0.08)
        if self.state is not State.BUSY:
            raise ConnectionResetError(self.name)
        return f"{job}@{self.name}"


class Manager:
    def __init__(self, *names):
        self.workers = {n: Worker(n) for n in names}
        self.results = []

    async def dispatch(self, job):
        while True:
            worker = next((w for w in self.workers.values() if w.move(State.BUSY)), None)
            if worker is not None:
                break
            await anyio.sleep(0.01)
        try:
            self.results.append(await worker.run(job))
        finally:
            worker.move(State.IDLE)

    async def reap(self, name):
        worker = self.workers[name]
        if not worker.move(State.STOPPING):
            return False
        await anyio.sleep(0.06)
        return worker.move(State.STOPPED)


async def main():
    manager = Manager("w1", "w2", "w3")
    async with anyio.create_task_group() as tg:
        tg.start_soon(manager.reap, "w1")
        await anyio.sleep(0.03)
        tg.start_soon(manager.dispatch, "render")
        await anyio.sleep(0.03)
        tg.start_soon(manager.dispatch, "encode")
        tg.start_soon(manager.reap, "w2")
    return {"results": manager.results, "states": [w.state.name for w in manager.workers.values()]}


def damage(state):
    return len(state["results"]) != 2 or state["states"] != ["STOPPED", "IDLE", "IDLE"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
