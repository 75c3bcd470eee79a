"""Metrics agent: counters are buffered and pushed to a collector periodically.

SAFE BECAUSE: flush() takes the batch out of the shared attribute in one step
(`points, self.buffer = self.buffer, []`) before it awaits; record() always appends to the
list that self.buffer names at that moment; a failed batch is put back in front.
"""
import anyio


class Collector:
    def __init__(self):
        self.points = []
        self.fail_next = True

    async def push(self, points):
        await anyio.sleep(0.05)
        if self.fail_next:
            self.fail_next = False
            raise ConnectionError("collector down")
        self.points.extend(points)


class Agent:
    def __init__(self, collector):
        self.collector = collector
        self.buffer = []
        self.stopping = False

    def record(self, name, value):
        self.buffer.append((name, value))

    async def flush(self):
        if not self.buffer:
            return
        points, self.buffer = self.buffer, []
        try:
            await self.collector.push(points)
        except ConnectionError:
            self.buffer[:0] = points

    async def run(self, period):
        while not self.stopping:
            await anyio.sleep(period)
            await self.flush()
        while self.buffer:
            await self.flush()


async def handler(agent, times):
    for n in range(times):
        agent.record("http.requests", n)
        await anyio.sleep(0.03)


async def main():
    collector = Collector()
    agent = Agent(collector)
    async with anyio.create_task_group() as tg:
        tg.start_soon(agent.run, 0.04)
        await handler(agent, 7)
        agent.stopping = True
    return [value for _, value in collector.points]


def damage(state):
    return state != list(range(7))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
