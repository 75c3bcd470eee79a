"""Feed poller manager that restarts the polling task of a feed when its settings change (plain asyncio).
SAFE BECAUSE: the task is popped out of the dict before it is awaited, and restarts of the same feed run one after the
other under the feed's own lock; the done callback compares the task before it clears the slot.
"""
import asyncio

import anyio


class Feed:
    def __init__(self, name):
        self.name = name
        self.active = 0
        self.max_active = 0
        self.intervals = []

    async def poll(self, interval):
        self.intervals.append(interval)
        self.active += 1
        self.max_active = max(self.max_active, self.active)
        try:
            while True:
                await asyncio.sleep(interval)
        finally:
            self.active -= 1


class Manager:
    def __init__(self):
        self.feeds = {}
        self.tasks = {}
        self._locks = {}
        self.crashed = []

    def feed(self, name):
        return self.feeds.setdefault(name, Feed(name))

    def _done(self, task):
        name = task.get_name()
        if self.tasks.get(name) is task:
            del self.tasks[name]
            self.crashed.append(name)

    def _spawn(self, name, interval):
        task = asyncio.create_task(self.feed(name).poll(interval), name=name)
        task.add_done_callback(self._done)
        return task

    async def _halt(self, name):
        old = self.tasks.pop(name, None)
        if old is not None:
            old.cancel()
            await asyncio.wait([old])
            await asyncio.sleep(0.005)  # persist the last position

    async def restart(self, name, interval):
        async with self._locks.setdefault(name, asyncio.Lock()):
            await self._halt(name)
            self.tasks[name] = self._spawn(name, interval)

    async def stop(self):
        for name in list(self.feeds):
            async with self._locks[name]:
                await self._halt(name)


def damage(manager) -> bool:
    return any(f.active or f.max_active > 1 for f in manager.feeds.values()) or bool(manager.crashed)


async def main():
    manager = Manager()
    await manager.restart("news", 0.01)
    await asyncio.sleep(0.005)
    await asyncio.gather(
        manager.restart("news", 0.004), manager.restart("news", 0.006), manager.restart("blog", 0.005)
    )
    await asyncio.sleep(0.01)
    await manager.stop()
    print({n: (f.intervals, f.active, f.max_active) for n, f in manager.feeds.items()}, "damage", damage(manager))
    return manager


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
