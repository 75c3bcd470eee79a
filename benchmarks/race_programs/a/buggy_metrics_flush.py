"""Metrics registry flushing its counters to a remote collector.
RACE: inserts dropped by a clear after a copy - Exporter.flush copies the counters (# READ), awaits the push, then
clears the registry (# ACT); increments made during the push are thrown away unreported.
"""
import sys
from collections import Counter

import anyio


class Registry:
    def __init__(self):
        self._counters = Counter()

    def inc(self, name, by=1):
        self._counters[name] += by

    def snapshot(self):
        return dict(self._counters)

    def reset(self):
        self._counters.clear()

    def __len__(self):
        return len(self._counters)


class Collector:
    def __init__(self):
        self.totals = Counter()

    async def push(self, payload):
        await anyio.sleep(0.08)
        self.totals.update(payload)


class Exporter:
    def __init__(self, registry, collector):
        self.registry = registry
        self.collector = collector

    async def flush(self):
        if not len(self.registry):
            return
        payload = self.registry.snapshot()  # READ
        await self.collector.push(payload)
        self.registry.reset()  # ACT


def timed(registry, name):
    def wrap(fn):
        async def inner(*args):
            try:
                return await fn(*args)
            finally:
                registry.inc(name)

        return inner

    return wrap


def damage(state) -> bool:
    collector, handled = state
    return collector.totals["requests"] != handled


async def main():
    registry, collector = Registry(), Collector()
    exporter = Exporter(registry, collector)
    handled = 0

    @timed(registry, "requests")
    async def handle(delay):
        nonlocal handled
        await anyio.sleep(delay)
        handled += 1

    await handle(0.004)
    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.flush)
        tg.start_soon(handle, 0.02)
        tg.start_soon(handle, 0.04)
    await exporter.flush()
    state = (collector, handled)
    print("handled", handled, "reported", dict(collector.totals), "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
