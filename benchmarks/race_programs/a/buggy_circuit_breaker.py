"""Circuit breaker that shall admit exactly one probe when it is half open.
RACE: check-then-act - Breaker.allow reads `self._probe_running` (# READ), awaits the health endpoint and only then
sets the flag in _begin_probe (# ACT); several callers become "the" probe and hammer the sick service.
"""
import enum
import sys

import anyio


class State(enum.Enum):
    CLOSED = 1
    OPEN = 2
    HALF_OPEN = 3


class Rejected(Exception):
    pass


class Service:
    def __init__(self):
        self.calls = 0

    async def health(self):
        await anyio.sleep(0.04)
        return True

    async def work(self, item):
        self.calls += 1
        await anyio.sleep(0.04)
        return item * 2


class Breaker:
    def __init__(self, service):
        self.service = service
        self.state = State.HALF_OPEN
        self._probe_running = False
        self.probes = 0

    def _begin_probe(self):
        self._probe_running = True  # ACT
        self.probes += 1

    def _end_probe(self, ok):
        self._probe_running = False
        self.state = State.CLOSED if ok else State.OPEN

    async def allow(self):
        if self.state is State.CLOSED:
            return False
        if self.state is State.OPEN or self._probe_running:  # READ
            raise Rejected
        if not await self.service.health():
            raise Rejected
        self._begin_probe()
        return True

    async def call(self, item, results):
        try:
            probing = await self.allow()
        except Rejected:
            results[item] = None
            return
        results[item] = await self.service.work(item)
        if probing:
            self._end_probe(True)


def damage(breaker) -> bool:
    return breaker.probes > 1


async def main():
    breaker = Breaker(Service())
    results = {}
    async with anyio.create_task_group() as tg:
        for item in range(4):
            tg.start_soon(breaker.call, item, results)
    print(results, "probes", breaker.probes, "damage", damage(breaker))
    return breaker


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
