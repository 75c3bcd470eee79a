"""Storage guarded by leases: a paused lease holder comes back late and is refused.

SAFE BECAUSE: a holder acts on its own lease number after a long await, and the storage
compares that number with the highest it has granted, in the step of the write; the
holder of an outdated lease is refused and does not count its work as done.
"""
from typing import NamedTuple

import anyio


class Lease(NamedTuple):
    number: int
    holder: str


class Refused(Exception):
    pass


class LeaseServer:
    def __init__(self):
        self.number = 0

    def grant(self, holder):
        self.number += 1
        return Lease(self.number, holder)


class Storage:
    def __init__(self):
        self.fence = 0
        self.value = []
        self.refused = []

    def announce(self, lease):
        self.fence = max(self.fence, lease.number)

    def write(self, lease, entry):
        if lease.number < self.fence:
            self.refused.append(lease.holder)
            raise Refused(lease)
        self.value = [*self.value, (lease.number, entry)]


async def compactor(name, server, storage, delay, pause, done):
    await anyio.sleep(delay)
    lease = server.grant(name)
    storage.announce(lease)
    for entry in ("begin", "end"):
        await anyio.sleep(pause)
        try:
            storage.write(lease, f"{name}:{entry}")
        except Refused:
            return
    done.append(name)


async def main():
    server, storage = LeaseServer(), Storage()
    done = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(compactor, "old", server, storage, 0, 0.05, done)
        tg.start_soon(compactor, "new", server, storage, 0.075, 0.05, done)
    return {"value": storage.value, "refused": storage.refused, "done": done}


def damage(state):
    numbers = [n for n, _ in state["value"]]
    torn = numbers != sorted(numbers) or "new" not in state["done"]
    return torn or ("old" in state["done"]) == ("old" in state["refused"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
