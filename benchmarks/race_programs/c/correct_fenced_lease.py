"""Cron leader election of a CI system through a lease row.
CORRECT: fencing tokens - two nodes may believe in their lease, the job store takes only the newest term's writes
"""

import anyio


class LeaseTable:
    def __init__(self) -> None:
        self.holder: str | None = None
        self.term = 0

    def grant(self, holder: str) -> int:
        self.holder = holder
        self.term += 1
        return self.term


class JobStore:
    def __init__(self) -> None:
        self.newest = 0
        self.runs: dict[str, int] = {}
        self.fenced = 0

    def record(self, night: str, term: int) -> bool:
        if term < self.newest or night in self.runs:
            self.fenced += 1
            return False
        self.newest = term
        self.runs[night] = term
        return True


class Scheduler:
    def __init__(self, name: str, table: LeaseTable, store: JobStore) -> None:
        self.name = name
        self.table = table
        self.store = store

    async def _skew(self) -> float:
        await anyio.sleep(0.01)
        return 0.0

    async def lead(self) -> int | None:
        if self.table.holder is None and await self._skew() < 1:
            return self.table.grant(self.name)
        return None

    async def run_nightly(self, night: str) -> None:
        term = await self.lead()
        if term is None:
            return
        await anyio.sleep(0.03)
        self.store.record(night, term)


async def main():
    table, store = LeaseTable(), JobStore()
    async with anyio.create_task_group() as tg:
        for n in range(3):
            tg.start_soon(Scheduler(f"node-{n}", table, store).run_nightly, "2024-02-29")
    return {"runs": store.runs, "fenced": store.fenced}


def damage(state) -> bool:
    return len(state["runs"]) != 1


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
