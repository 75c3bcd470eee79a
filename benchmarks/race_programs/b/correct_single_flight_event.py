"""Cache in front of a slow geo service with request coalescing.

SAFE BECAUSE: the first caller for a key registers a Flight in the same step as the
miss; later callers wait for that flight. The result is published on the flight object,
and the flight is removed only by its own leader, so nobody computes twice or waits on a
replaced event. Failures are not cached.
"""
from collections import Counter

import anyio


class Flight:
    __slots__ = ("done", "value", "error")

    def __init__(self):
        self.done = anyio.Event()
        self.value = None
        self.error = LookupError("aborted")  # what followers see if the leader is cancelled


class GeoCache:
    def __init__(self, lookup):
        self.lookup = lookup
        self.values = {}
        self.flights = {}

    async def get(self, ip):
        if ip in self.values:
            return self.values[ip]
        flight = self.flights.get(ip)
        if flight is None:
            flight = self.flights[ip] = Flight()
            try:
                flight.value = self.values[ip] = await self.lookup(ip)
                flight.error = None
            except LookupError as exc:
                flight.error = exc
            finally:
                del self.flights[ip]
                flight.done.set()
        else:
            await flight.done.wait()
        if flight.error is not None:
            raise flight.error
        return flight.value


async def main():
    calls, overlaps, running = [], [], Counter()

    async def lookup(ip):
        calls.append(ip)
        running[ip] += 1
        overlaps.append(running[ip] > 1)
        await anyio.sleep(0.07)
        running[ip] -= 1
        if ip == "::1":
            raise LookupError(ip)
        return {"10.0.0.1": "Oslo"}.get(ip, "Rome")

    cache = GeoCache(lookup)
    out = []

    async def request(ip, delay):
        await anyio.sleep(delay)
        try:
            out.append(await cache.get(ip))
        except LookupError:
            out.append("?")

    async with anyio.create_task_group() as tg:
        for ip, delay in [("10.0.0.1", 0), ("10.0.0.1", 0.03), ("::1", 0), ("::1", 0.03),
                          ("10.0.0.2", 0.01), ("10.0.0.1", 0.12)]:
            tg.start_soon(request, ip, delay)
    return {"calls": calls, "overlaps": overlaps, "out": sorted(out)}


def damage(state):
    twice = state["calls"].count("10.0.0.1") > 1 or any(state["overlaps"])
    return twice or state["out"] != ["?", "?", "Oslo", "Oslo", "Oslo", "Rome"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
