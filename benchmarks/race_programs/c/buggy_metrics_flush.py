"""Metrics client that batches points and posts them to a collector.
RACE: dropped inserts when a buffer is flushed - MetricsClient.record appends while flush awaits, then flush clears
"""

import anyio


class Collector:
    def __init__(self) -> None:
        self.points: list[tuple[str, float]] = []

    async def post(self, payload: list) -> None:
        body = list(payload)
        await anyio.sleep(0.05)
        self.points.extend(body)


class MetricsClient:
    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.pending: list[tuple[str, float]] = []
        self.recorded = 0

    def record(self, name: str, value: float) -> None:
        self.pending.append((name, value))
        self.recorded += 1

    async def flush(self) -> None:
        if not self.pending:
            return
        await self.collector.post(self.pending)
        self.reset()

    def reset(self) -> None:
        self.pending.clear()


async def flusher(client: MetricsClient, rounds: int) -> None:
    for _ in range(rounds):
        await anyio.sleep(0.015)
        await client.flush()


async def application(client: MetricsClient) -> None:
    for i in range(12):
        client.record("latency", i / 10)
        await anyio.sleep(0.006)


async def main():
    collector = Collector()
    client = MetricsClient(collector)
    async with anyio.create_task_group() as tg:
        tg.start_soon(flusher, client, 3)
        tg.start_soon(application, client)
    await client.flush()
    return {"recorded": client.recorded, "received": len(collector.points)}


def damage(state) -> bool:
    return state["received"] != state["recorded"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
