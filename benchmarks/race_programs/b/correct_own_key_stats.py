"""Load generator: every virtual user keeps its own row in the shared result table.

SAFE BECAUSE: a virtual user reads, awaits and writes back only `table[self.name]`; no other
task touches that key. The dict itself is only grown by the users before their first
await, and the report copies it in one step after all have ended.
"""
from dataclasses import dataclass, replace

import anyio


@dataclass(frozen=True)
class Row:
    requests: int = 0
    total_ms: int = 0
    errors: int = 0


class Target:
    def __init__(self):
        self.hits = 0

    async def get(self, latency):
        self.hits += 1
        await anyio.sleep(latency)
        return 500 if latency > 0.05 else 200


class VirtualUser:
    def __init__(self, name, table, latency):
        self.name = name
        self.table = table
        self.latency = latency

    async def run(self, target, rounds):
        self.table[self.name] = Row()
        for _ in range(rounds):
            row = self.table[self.name]
            status = await target.get(self.latency)
            self.table[self.name] = replace(
                row,
                requests=row.requests + 1,
                total_ms=row.total_ms + round(self.latency * 1000),
                errors=row.errors + (status >= 500),
            )


def report(table):
    rows = list(table.values())
    return {
        "requests": sum(r.requests for r in rows),
        "total_ms": sum(r.total_ms for r in rows),
        "errors": sum(r.errors for r in rows),
    }


async def main():
    table, target = {}, Target()
    async with anyio.create_task_group() as tg:
        for name, latency, rounds in [("u1", 0.03, 5), ("u2", 0.04, 4), ("u3", 0.06, 3)]:
            tg.start_soon(VirtualUser(name, table, latency).run, target, rounds)
    return {**report(table), "hits": target.hits}


def damage(state):
    return state != {"requests": 12, "total_ms": 150 + 160 + 180, "errors": 3, "hits": 12}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
