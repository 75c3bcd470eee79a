"""Config watcher: workers wait until a newer configuration has been published.

RACE: replaced event - wait_newer() reads `self.changed` and waits on it;
publish() overwrites self.changed with a new Event and sets only the new one, so the
waiter sits on an orphan and misses the update (its timeout fires).
"""
import anyio


class ConfigWatcher:
    def __init__(self):
        self.version = 0
        self.values = {}
        self.changed = anyio.Event()

    def publish(self, **values):
        self.values = {**self.values, **values}
        self.version += 1
        self.changed = anyio.Event()
        self.changed.set()

    async def wait_newer(self, version):
        if self.version > version:
            return self.values
        event = self.changed
        await event.wait()
        return self.values


class Worker:
    def __init__(self, name, watcher):
        self.name = name
        self.watcher = watcher
        self.log = []

    async def run(self, patience):
        seen = self.watcher.version
        with anyio.move_on_after(patience) as scope:
            values = await self.watcher.wait_newer(seen)
            self.log.append(values["level"])
        if scope.cancelled_caught:
            self.log.append("timeout")


async def main():
    watcher = ConfigWatcher()
    early = Worker("early", watcher)
    late = Worker("late", watcher)

    async def admin():
        await anyio.sleep(0.05)
        watcher.publish(level="debug")

    async with anyio.create_task_group() as tg:
        tg.start_soon(early.run, 0.25)
        tg.start_soon(admin)
        await anyio.sleep(0.09)
        tg.start_soon(late.run, 0.1)
    return {"early": early.log, "late": late.log, "version": watcher.version}


def damage(state):
    return state["version"] > 0 and "timeout" in state["early"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
