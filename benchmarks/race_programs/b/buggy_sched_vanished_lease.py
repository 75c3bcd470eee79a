"""Lock service: renew a lease that a force-release may delete.

RACE: vanished item - renew() reads `lease = self.leases.get(key)`, awaits one checkpoint and
writes `self.leases[key] = ...`. By default release() comes much later; under another
order of the steps the renewal brings a released lease back.
"""
from dataclasses import dataclass, replace

import anyio
import anyio.lowlevel


@dataclass(frozen=True)
class Lease:
    owner: str
    term: int


class LockService:
    def __init__(self):
        self.leases = {}
        self.log = []

    async def _journal(self, *entry):
        await anyio.lowlevel.checkpoint()
        self.log.append(entry)

    def grant(self, key, owner):
        if self.leases.setdefault(key, Lease(owner, 1)).owner != owner:
            raise RuntimeError("held")

    async def renew(self, key):
        lease = self.leases.get(key)
        if lease is None:
            return False
        await self._journal("renew", key, lease.term + 1)
        self.leases[key] = replace(lease, term=lease.term + 1)
        return True

    def release(self, key):
        self.leases.pop(key, None)


async def admin(service, key, steps):
    for _ in range(steps):
        await anyio.lowlevel.checkpoint()
    service.release(key)


async def main():
    service = LockService()
    service.grant("migrations", "node-1")
    async with anyio.create_task_group() as tg:
        tg.start_soon(service.renew, "migrations")
        tg.start_soon(admin, service, "migrations", 4)
    return {"released": True, "held": "migrations" in service.leases}


def damage(state):
    return state["released"] and state["held"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
