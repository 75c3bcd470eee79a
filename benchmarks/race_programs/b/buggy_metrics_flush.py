"""Metrics agent: counters are buffered and pushed to a collector periodically.

RACE: clear after copy - flush() copies `list(self.buffer)`, pushes it, and
`self.buffer.clear()` drops the points recorded while the push was under way.
"""
import anyio


class Collector:
    def __init__(self):
        self.points = []

    async def push(self, points):
        await anyio.sleep(0.07)
        self.points.extend(points)


class Agent:
    def __init__(self, collector):
        self.collector = collector
        self.buffer = []
        self.flushes = 0
        self.stopping = False

    def record(self, name, value, **tags):
        self.buffer.append((name, value, tuple(sorted(tags.items()))))

    async def flush(self):
        if not self.buffer:
            return 0
        points = list(self.buffer)
        await self.collector.push(points)
        self.buffer.clear()
        self.flushes += 1
        return len(points)

    async def run(self, period):
        while not self.stopping:
            await anyio.sleep(period)
            await self.flush()
        await self.flush()


async def handler(agent, times):
    for n in range(times):
        agent.record("http.requests", n, route="/items")
        await anyio.sleep(0.045)


async def main():
    collector = Collector()
    agent = Agent(collector)
    async with anyio.create_task_group() as tg:
        tg.start_soon(agent.run, 0.06)
        tg.start_soon(handler, agent, 5)
        await anyio.sleep(0.3)
        agent.stopping = True
    return {"recorded": 5, "received": [p[1] for p in collector.points]}


def damage(state):
    return len(state["received"]) < state["recorded"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
