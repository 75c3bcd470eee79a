"""Map-reduce over log files: mappers fill partial counts, then the reducer merges them.
CORRECT: phases - every mapper owns one slot, the merged total is read and written only after the task group ended
"""

from collections import Counter

import anyio

LOGS = {
    "web-1": ["GET", "GET", "POST"],
    "web-2": ["GET", "PUT"],
    "web-3": ["POST", "POST", "DELETE"],
}


class Report:
    def __init__(self, parts: int) -> None:
        self.parts: list[Counter | None] = [None] * parts
        self.total: Counter = Counter()
        self.stage = "map"


class Pipeline:
    def __init__(self, logs: dict[str, list[str]]) -> None:
        self.logs = logs
        self.report = Report(len(logs))

    async def lines(self, name: str):
        for line in self.logs[name]:
            await anyio.sleep(0.003)
            yield line

    async def mapper(self, slot: int, name: str) -> None:
        count = self.report.parts[slot] or Counter()
        async for line in self.lines(name):
            count[line] += 1
        self.report.parts[slot] = count

    async def reduce(self) -> None:
        for part in self.report.parts:
            merged = self.report.total
            await anyio.sleep(0.001)
            self.report.total = merged + part

    async def run(self) -> Report:
        async with anyio.create_task_group() as tg:
            for slot, name in enumerate(self.logs):
                tg.start_soon(self.mapper, slot, name)
        self.report.stage = "reduce"
        await self.reduce()
        self.report.stage = "done"
        return self.report


async def main():
    report = await Pipeline(LOGS).run()
    return {"total": dict(report.total), "stage": report.stage}


def damage(state) -> bool:
    return state["total"] != {"GET": 3, "POST": 3, "PUT": 1, "DELETE": 1} or state["stage"] != "done"


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
