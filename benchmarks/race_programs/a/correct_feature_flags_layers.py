"""Feature-flag client: periodic sync with the server, plus local overrides by an operator.
SAFE BECAUSE: overrides and server values are separate layers; the server layer has one writer (the sync loop), which
builds the next layer from its own previous one, and lookups merge both layers at the moment of the question.
"""
import sys
from collections import ChainMap

import anyio


class FlagServer:
    def __init__(self, deltas):
        self.deltas = list(deltas)

    async def fetch(self, cursor):
        await anyio.sleep(0.01)
        return self.deltas[cursor] if cursor < len(self.deltas) else {}


class FlagClient:
    def __init__(self, server, defaults):
        self.server = server
        self._remote = dict(defaults)
        self._overrides = {}
        self.cursor = 0

    @property
    def flags(self):
        return ChainMap(self._overrides, self._remote)

    def enabled(self, name):
        return self.flags.get(name, False)

    def override(self, name, value):
        self._overrides[name] = value

    async def _sync(self):
        merged = dict(self._remote)
        merged |= await self.server.fetch(self.cursor)
        self._remote = merged
        self.cursor += 1

    async def sync_forever(self, rounds):
        for _ in range(rounds):
            await self._sync()
            await anyio.sleep(0.002)


class Operator:
    def __init__(self, client):
        self.client = client

    async def kill_switch(self, name, after):
        await anyio.sleep(after)
        self.client.override(name, False)


async def sampler(client, name, samples, n):
    for _ in range(n):
        samples.append(client.enabled(name))
        await anyio.sleep(0.004)


def damage(state) -> bool:
    client, samples = state
    switched_back = any(later and not earlier for earlier, later in zip(samples, samples[1:]))
    return switched_back or client.enabled("new_checkout") or not client.enabled("search")


async def main():
    server = FlagServer([{"beta": True}, {"new_checkout": True}, {"search": True}])
    client = FlagClient(server, {"new_checkout": True})
    samples = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(client.sync_forever, 3)
        tg.start_soon(Operator(client).kill_switch, "new_checkout", 0.005)
        tg.start_soon(sampler, client, "new_checkout", samples, 10)
    state = (client, samples)
    print(dict(client.flags), samples, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
