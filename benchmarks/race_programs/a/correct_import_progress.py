"""Data import with several stages; each stage reports its progress into one shared nested object.
SAFE BECAUSE: each stage writes only its own sub-dict (read, awaited, written by one task), and the reporter only reads;
the overall percentage is computed anew for each frame.
"""
import sys

import anyio


class Progress:
    def __init__(self):
        self.stages = {}
        self.frames = []

    def open(self, name, total):
        return self.stages.setdefault(name, {"done": 0, "total": total, "state": "waiting"})

    @property
    def percent(self):
        total = sum(s["total"] for s in self.stages.values())
        done = sum(s["done"] for s in self.stages.values())
        return 100 * done // total if total else 0

    @property
    def finished(self):
        return all(s["state"] == "done" for s in self.stages.values())


class Stage:
    def __init__(self, progress, name, total, step, pause):
        self.progress = progress
        self.name = name
        self.step = step
        self.pause = pause
        self.slot = progress.open(name, total)

    async def _work(self, done):
        await anyio.sleep(self.pause)
        return min(done + self.step, self.slot["total"])

    async def run(self):
        self.slot["state"] = "running"
        while self.slot["done"] < self.slot["total"]:
            done = self.slot["done"]
            self.slot["done"] = await self._work(done)
        self.slot["state"] = "done"


async def reporter(progress):
    while True:
        finished = progress.finished
        progress.frames.append(progress.percent)
        if finished:
            return
        await anyio.sleep(0.006)


def damage(progress) -> bool:
    return progress.frames != sorted(progress.frames) or progress.frames[-1] != 100


async def main():
    progress = Progress()
    stages = [
        Stage(progress, "read", 10, 3, 0.004),
        Stage(progress, "parse", 8, 2, 0.006),
        Stage(progress, "store", 6, 1, 0.005),
    ]
    async with anyio.create_task_group() as tg:
        tg.start_soon(reporter, progress)
        for stage in stages:
            tg.start_soon(stage.run)
    print(progress.frames, progress.stages, "damage", damage(progress))
    return progress


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
