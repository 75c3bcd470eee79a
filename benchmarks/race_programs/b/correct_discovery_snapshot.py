"""Service discovery client: round robin over the instances, with a health probe first.

SAFE BECAUSE: choose() walks an immutable tuple (registrations replace the tuple as a
whole), probes the instance object itself and afterwards answers this same object only
if the current tuple still has it; the cursor is advanced in one step.
"""
from typing import NamedTuple

import anyio


class Instance(NamedTuple):
    host: str
    healthy: bool = True


class Discovery:
    def __init__(self):
        self.instances = {}
        self.cursor = 0

    def register(self, name, *new):
        self.instances[name] = self.instances.get(name, ()) + new

    def deregister(self, name, host):
        self.instances[name] = tuple(i for i in self.instances[name] if i.host != host)

    async def probe(self, instance):
        await anyio.sleep(0.05)
        return instance.healthy

    def _next(self, candidates):
        self.cursor += 1
        return candidates[self.cursor % len(candidates)]

    async def choose(self, name):
        while candidates := self.instances.get(name, ()):
            instance = self._next(candidates)
            healthy = await self.probe(instance)
            if healthy and instance in self.instances[name]:
                return instance
        raise LookupError(name)


async def main():
    discovery = Discovery()
    discovery.register("billing", Instance("h1"), Instance("h2"), Instance("h3", healthy=False))
    chosen = []
    removed = []

    async def caller(delay):
        await anyio.sleep(delay)
        instance = await discovery.choose("billing")
        chosen.append((instance.host, instance.healthy, instance.host in removed))

    async def deploy():
        await anyio.sleep(0.03)
        discovery.deregister("billing", "h2")
        removed.append("h2")
        discovery.register("billing", Instance("h4"))

    async with anyio.create_task_group() as tg:
        tg.start_soon(caller, 0)
        tg.start_soon(caller, 0.015)
        tg.start_soon(deploy)
    return chosen


def damage(state):
    return len(state) != 2 or any(gone or not healthy for _, healthy, gone in state)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
