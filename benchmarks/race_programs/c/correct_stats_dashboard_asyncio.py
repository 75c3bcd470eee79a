"""Proxy with traffic statistics and a dashboard that samples them.
CORRECT: benign statistics - increments have no await inside, a sample over two awaits is only approximate by design
"""

import asyncio
from collections import Counter


class Stats:
    def __init__(self) -> None:
        self.requests = 0
        self.bytes_out = 0
        self.by_status: Counter[int] = Counter()

    def count(self, status: int, size: int) -> None:
        self.requests += 1
        self.bytes_out += size
        self.by_status[status] += 1


class Dashboard:
    def __init__(self, stats: Stats) -> None:
        self.stats = stats
        self.samples: list[tuple[int, int]] = []

    async def draw(self, value: int) -> int:
        await asyncio.sleep(0.003)
        return value

    async def sample(self) -> None:
        requests = await self.draw(self.stats.requests)
        size = await self.draw(self.stats.bytes_out)
        self.samples.append((requests, size))

    async def run(self, rounds: int) -> None:
        for _ in range(rounds):
            await self.sample()


class Proxy:
    def __init__(self, stats: Stats) -> None:
        self.stats = stats

    async def upstream(self, path: str) -> tuple[int, bytes]:
        await asyncio.sleep(0.002 * len(path))
        return (404, b"") if path == "/nope" else (200, path.encode())

    async def handle(self, path: str) -> int:
        status, body = await self.upstream(path)
        self.stats.count(status, len(body))
        return status


async def client(proxy: Proxy, paths: list[str]) -> list[int]:
    return [await proxy.handle(path) for path in paths]


async def main():
    stats = Stats()
    proxy, dashboard = Proxy(stats), Dashboard(stats)
    await asyncio.gather(
        dashboard.run(4),
        client(proxy, ["/a", "/bb", "/nope"]),
        client(proxy, ["/ccc", "/a"]),
    )
    counts = [requests for requests, _ in dashboard.samples]
    return {
        "requests": stats.requests,
        "bytes": stats.bytes_out,
        "status": dict(stats.by_status),
        "monotonic": counts == sorted(counts),
    }


def damage(state) -> bool:
    return state != {"requests": 5, "bytes": 11, "status": {200: 4, 404: 1}, "monotonic": True}


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
