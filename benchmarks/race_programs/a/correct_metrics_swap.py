"""Metrics registry flushing its counters to a remote collector that fails now and then.
SAFE BECAUSE: drain() swaps the counters for an empty Counter in one atomic step, so increments during the push land in
the new one; a failed payload is added back with an in-place update.
"""
import sys
from collections import Counter

import anyio


class Registry:
    def __init__(self):
        self._counters = Counter()

    def inc(self, name, by=1):
        self._counters[name] += by

    def drain(self):
        drained, self._counters = self._counters, Counter()
        return drained

    def put_back(self, counters):
        self._counters.update(counters)

    def __len__(self):
        return len(self._counters)


class Collector:
    def __init__(self, failures):
        self.totals = Counter()
        self.failures = failures

    async def push(self, payload):
        await anyio.sleep(0.01)
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.totals.update(payload)


class Exporter:
    def __init__(self, registry, collector):
        self.registry = registry
        self.collector = collector
        self.retries = 0

    async def flush(self):
        if not len(self.registry):
            return
        payload = self.registry.drain()
        try:
            await self.collector.push(payload)
        except ConnectionError:
            self.retries += 1
            self.registry.put_back(payload)

    async def run(self, rounds):
        for _ in range(rounds):
            await self.flush()
            await anyio.sleep(0.002)


async def traffic(registry, handled, delay, n):
    for _ in range(n):
        await anyio.sleep(delay)
        registry.inc("requests")
        handled.append(delay)


def damage(state) -> bool:
    collector, handled = state
    return collector.totals["requests"] != len(handled)


async def main():
    registry, collector, handled = Registry(), Collector(failures=1), []
    exporter = Exporter(registry, collector)
    registry.inc("requests")
    handled.append(0)
    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.run, 3)
        tg.start_soon(traffic, registry, handled, 0.003, 4)
        tg.start_soon(traffic, registry, handled, 0.005, 3)
    await exporter.flush()
    state = (collector, handled)
    print(dict(collector.totals), len(handled), "retries", exporter.retries, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
