"""Feed poller manager that restarts the polling task of a feed when its settings change (plain asyncio).
RACE: check-then-act - Manager.restart takes the running task of the key (# READ), awaits its end, then stores a new task
(# ACT); two restarts both start a poller and one of them is orphaned: the feed is polled twice.
"""
import asyncio

import anyio


class Feed:
    def __init__(self, name):
        self.name = name
        self.active = 0
        self.max_active = 0

    async def poll(self, interval):
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
        self.finished = []

    def feed(self, name):
        return self.feeds.setdefault(name, Feed(name))

    def _spawn(self, name, interval):
        task = asyncio.create_task(self.feed(name).poll(interval), name=name)
        task.add_done_callback(lambda t: self.finished.append(t.get_name()))
        return task

    async def restart(self, name, interval):
        old = self.tasks.get(name)  # READ
        if old is not None:
            old.cancel()
            await asyncio.wait([old])
            await asyncio.sleep(0.02)  # persist the last position
        self.tasks[name] = self._spawn(name, interval)  # ACT

    async def stop(self):
        for task in self.tasks.values():
            task.cancel()
        await asyncio.wait(list(self.tasks.values()))


def damage(state) -> bool:
    manager, leaked = state
    return leaked > 0


async def main():
    manager = Manager()
    await manager.restart("news", 0.04)
    await asyncio.sleep(0.02)
    await asyncio.gather(manager.restart("news", 0.016), manager.restart("news", 0.024))
    await asyncio.sleep(0.08)
    await manager.stop()
    leaked = manager.feed("news").active
    state = (manager, leaked)
    print("max active", manager.feed("news").max_active, "leaked", leaked, "damage", damage(state))
    me = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not me and task.get_name() == "news":
            task.cancel()
    return state


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
