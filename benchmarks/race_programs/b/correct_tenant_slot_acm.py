"""Concurrency slots per tenant behind an @asynccontextmanager.

SAFE BECAUSE: slot() checks and increments `running[tenant]` in one step before the tracer is
awaited; the finally clause covers the tracer too, so a failure there gives it back.
"""
from collections import defaultdict
from contextlib import asynccontextmanager

import anyio

running = defaultdict(int)
peaks = defaultdict(int)


class TooManyJobs(Exception):
    pass


class Tracer:
    def __init__(self, latency):
        self.latency = latency
        self.spans = []

    async def begin(self, name):
        await anyio.sleep(self.latency)
        if name.endswith("broken"):
            raise RuntimeError("tracer")
        self.spans.append(name)


@asynccontextmanager
async def slot(tenant, limit, tracer, label):
    if running[tenant] >= limit:
        raise TooManyJobs(tenant)
    running[tenant] += 1
    peaks[tenant] = max(peaks[tenant], running[tenant])
    try:
        await tracer.begin(f"job:{label}")
        yield
    finally:
        running[tenant] -= 1


async def transcode(tracer, results, label, delay):
    await anyio.sleep(delay)
    try:
        async with slot("acme", 2, tracer, label):
            await anyio.sleep(0.06)
            results[label] = "done"
    except TooManyJobs:
        results[label] = "rejected"
    except RuntimeError:
        results[label] = "failed"


async def main():
    running.clear()
    peaks.clear()
    tracer = Tracer(0.05)
    results = {}
    async with anyio.create_task_group() as tg:
        for label, delay in [("a", 0), ("broken", 0.0), ("c", 0.025), ("d", 0.085), ("e", 0.15)]:
            tg.start_soon(transcode, tracer, results, label, delay)
    return {"peak": peaks["acme"], "left": running["acme"], "results": results}


def damage(state):
    return state["peak"] > 2 or state["left"] != 0 or len(state["results"]) != 5


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
