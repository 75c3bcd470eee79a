"""Cron leader election of a CI system through a lease row.
RACE: check-then-act - LeaseTable.holder read in Scheduler.try_lead, LeaseTable.write after the clock skew probe
"""

import anyio


class LeaseTable:
    def __init__(self) -> None:
        self._row: dict[str, str | int | None] = {"holder": None, "term": 0}

    @property
    def holder(self):
        return self._row["holder"]

    def write(self, holder: str) -> int:
        self._row["holder"] = holder
        self._row["term"] += 1
        return self._row["term"]

    def clear(self) -> None:
        self._row["holder"] = None


class Scheduler:
    def __init__(self, name: str, table: LeaseTable, runs: list[str]) -> None:
        self.name = name
        self.table = table
        self.runs = runs
        self.leading = False

    async def _skew(self) -> float:
        await anyio.sleep(0.01)
        return 0.0

    async def try_lead(self) -> bool:
        if self.table.holder is None and await self._skew() < 1:
            self.table.write(self.name)
            self.leading = True
        return self.leading

    async def run_nightly(self) -> None:
        if await self.try_lead():
            await anyio.sleep(0.03)
            self.runs.append(f"nightly by {self.name}")


async def main():
    table, runs = LeaseTable(), []
    nodes = [Scheduler(f"node-{i}", table, runs) for i in range(3)]
    async with anyio.create_task_group() as tg:
        for node in nodes:
            tg.start_soon(node.run_nightly)
    return {"runs": runs, "holder": table.holder}


def damage(state) -> bool:
    return len(state["runs"]) > 1


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
