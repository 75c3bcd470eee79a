"""Metrics client that batches points and posts them to a collector.
CORRECT: swap-and-flush - the batch is taken out before the post, put back in front when the post fails
"""

import anyio


class CollectorDown(Exception):
    pass


class Collector:
    def __init__(self) -> None:
        self.points: list[tuple[str, int]] = []
        self.calls = 0

    async def post(self, payload: list) -> None:
        self.calls += 1
        fail = self.calls == 2
        await anyio.sleep(0.02)
        if fail:
            raise CollectorDown
        self.points.extend(payload)


class MetricsClient:
    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.pending: list[tuple[str, int]] = []
        self.recorded = 0

    def record(self, name: str, value: int) -> None:
        self.pending.append((name, value))
        self.recorded += 1

    def _take(self) -> list[tuple[str, int]]:
        batch, self.pending = self.pending, []
        return batch

    async def flush(self) -> None:
        batch = self._take()
        if not batch:
            return
        try:
            await self.collector.post(batch)
        except CollectorDown:
            self.pending[:0] = batch


async def flusher(client: MetricsClient, rounds: int) -> None:
    for _ in range(rounds):
        await anyio.sleep(0.015)
        await client.flush()


async def application(client: MetricsClient) -> None:
    for i in range(12):
        client.record("latency", i)
        await anyio.sleep(0.006)


async def main():
    collector = Collector()
    client = MetricsClient(collector)
    async with anyio.create_task_group() as tg:
        tg.start_soon(flusher, client, 3)
        tg.start_soon(application, client)
    while client.pending:
        await client.flush()
    return {"recorded": client.recorded, "received": sorted(v for _, v in collector.points)}


def damage(state) -> bool:
    return state["received"] != list(range(state["recorded"]))


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
