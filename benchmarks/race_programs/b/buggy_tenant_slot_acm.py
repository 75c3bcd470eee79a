"""Concurrency slots per tenant behind an @asynccontextmanager.

RACE: check-then-act - slot() checks `running[tenant] < limit`, awaits the tracing
backend and then does `running[tenant] += 1`; two jobs pass the check of a limit of one.
"""
from collections import defaultdict
from contextlib import asynccontextmanager

import anyio

running = defaultdict(int)
peaks = defaultdict(int)


class TooManyJobs(Exception):
    pass


class Tracer:
    def __init__(self):
        self.spans = []

    async def begin(self, name):
        await anyio.sleep(0.05)
        self.spans.append(name)


@asynccontextmanager
async def slot(tenant, limit, tracer):
    if running[tenant] >= limit:
        raise TooManyJobs(tenant)
    await tracer.begin(f"job:{tenant}")
    running[tenant] += 1
    peaks[tenant] = max(peaks[tenant], running[tenant])
    try:
        yield
    finally:
        running[tenant] -= 1


async def transcode(tenant, limit, tracer, results, delay):
    await anyio.sleep(delay)
    try:
        async with slot(tenant, limit, tracer):
            await anyio.sleep(0.08)
            results.append((tenant, "done"))
    except TooManyJobs:
        results.append((tenant, "rejected"))


async def main():
    running.clear()
    peaks.clear()
    tracer = Tracer()
    results = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(transcode, "acme", 1, tracer, results, 0)
        tg.start_soon(transcode, "acme", 1, tracer, results, 0.015)
        tg.start_soon(transcode, "zeta", 1, tracer, results, 0)
    return {"peaks": dict(peaks), "results": results}


def damage(state):
    return max(state["peaks"].values()) > 1


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
