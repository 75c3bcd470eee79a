"""Config watcher: workers wait until a newer configuration has been published.

SAFE BECAUSE: publish() swaps the event and sets the OLD one, which is what waiters hold;
wait_newer() loops on the version, so a wake-up is only a hint and a publish between
the check and the wait cannot be missed (there is no await between the check and the
reading of the event).
"""
import anyio


class ConfigWatcher:
    def __init__(self):
        self.version = 0
        self.values = {}
        self._changed = anyio.Event()

    def publish(self, **values):
        self.values = {**self.values, **values}
        self.version += 1
        old, self._changed = self._changed, anyio.Event()
        old.set()

    async def wait_newer(self, version):
        while self.version <= version:
            event = self._changed
            await event.wait()
        return self.version, self.values


class Worker:
    def __init__(self, name, watcher, work):
        self.name = name
        self.watcher = watcher
        self.work = work
        self.log = []

    async def run(self, last):
        version = 0
        while version < last:
            version, values = await self.watcher.wait_newer(version)
            self.log.append((version, values["level"]))
            await anyio.sleep(self.work)


async def main():
    watcher = ConfigWatcher()
    workers = [Worker("fast", watcher, 0.01), Worker("slow", watcher, 0.09)]

    async def admin():
        for level in ("debug", "info", "error"):
            await anyio.sleep(0.05)
            watcher.publish(level=level)

    with anyio.move_on_after(0.8) as scope:
        async with anyio.create_task_group() as tg:
            for worker in workers:
                tg.start_soon(worker.run, 3)
            tg.start_soon(admin)
    return {"hung": scope.cancelled_caught, **{w.name: w.log for w in workers}}


def damage(state):
    return state["hung"] or any(state[n][-1] != (3, "error") for n in ("fast", "slow"))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
