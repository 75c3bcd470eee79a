"""Service discovery client: round robin over the instances, with a health probe first.

RACE: stale index - choose() computes `index = self.cursor % len(instances)`, awaits
the probe, then indexes `self.instances[name][index]`; deregistration meanwhile makes
it answer the wrong (unprobed) instance or raise IndexError.
"""
from typing import NamedTuple

import anyio


class Instance(NamedTuple):
    host: str
    port: int
    healthy: bool = True


class Discovery:
    def __init__(self):
        self.instances = {}
        self.cursor = 0

    def register(self, name, *instances):
        self.instances.setdefault(name, []).extend(instances)

    def deregister(self, name, host):
        self.instances[name][:] = [i for i in self.instances[name] if i.host != host]

    async def probe(self, instance):
        await anyio.sleep(0.06)
        return instance.healthy

    async def choose(self, name):
        instances = self.instances[name]
        for _ in range(len(instances)):
            index = self.cursor % len(instances)
            self.cursor += 1
            if await self.probe(instances[index]):
                return self.instances[name][index]
        raise LookupError(name)


async def main():
    discovery = Discovery()
    discovery.register(
        "billing", Instance("h1", 80), Instance("h2", 80), Instance("h3", 80, healthy=False)
    )
    chosen = []

    async def caller():
        discovery.cursor = 1
        chosen.append(await discovery.choose("billing"))

    async def deploy():
        await anyio.sleep(0.03)
        discovery.deregister("billing", "h1")

    async with anyio.create_task_group() as tg:
        tg.start_soon(caller)
        tg.start_soon(deploy)
    return [(i.host, i.healthy) for i in chosen]


def damage(state):
    return any(not healthy for _, healthy in state)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
