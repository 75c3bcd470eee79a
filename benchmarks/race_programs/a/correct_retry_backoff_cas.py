"""Retry policy with a backoff shared by all requests of a client: failures lengthen it, a success resets it.
SAFE BECAUSE: a failure reported late lengthens the backoff only if nobody changed it since the request was started
(compare-and-swap on the immutable state object); the reset after a success is an idempotent overwrite.
"""
import sys
from dataclasses import dataclass, replace

import anyio


@dataclass(frozen=True)
class Backoff:
    delay: float = 0.001
    failures: int = 0

    def longer(self):
        return replace(self, delay=min(self.delay * 2, 0.008), failures=self.failures + 1)


class Server:
    def __init__(self, down_for):
        self.down_for = down_for
        self.calls = 0

    async def request(self, cost):
        self.calls += 1
        failing = self.calls <= self.down_for
        await anyio.sleep(cost)
        return not failing


class Client:
    initial = Backoff()

    def __init__(self, server):
        self.server = server
        self.backoff = self.initial
        self.trail = []
        self.late_reports = 0

    def _failed(self, seen):
        if self.backoff is seen:
            self.backoff = seen.longer()
            self.trail.append(self.backoff.failures)
        else:
            self.late_reports += 1

    def _succeeded(self):
        self.backoff = self.initial

    async def get(self, cost):
        attempts = 0
        while True:
            seen = self.backoff
            attempts += 1
            if await self.server.request(cost):
                self._succeeded()
                return attempts
            self._failed(seen)
            await anyio.sleep(self.backoff.delay)


async def page(client, cost, results):
    results.append(await client.get(cost))


def damage(state) -> bool:
    client, results = state
    return client.backoff != Client.initial or len(results) != 4


async def main():
    client = Client(Server(down_for=6))
    results = []
    async with anyio.create_task_group() as tg:
        for cost in (0.002, 0.004, 0.006, 0.009):
            tg.start_soon(page, client, cost, results)
    state = (client, results)
    print("attempts", results, client.trail, "late", client.late_reports, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
