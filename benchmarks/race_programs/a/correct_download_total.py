"""Parallel downloader that sums up the received bytes of all files and shows a progress line.
SAFE BECAUSE: the awaited size is kept in a local first, so `+=` on the shared counters runs without an await; the progress
line reads the counters before its own await only to print them.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class Stats:
    received: int = 0
    files: int = 0

    @property
    def average(self):
        return self.received // self.files if self.files else 0


class Mirror:
    def __init__(self, sizes):
        self.sizes = sizes

    async def fetch(self, path):
        size = self.sizes[path]
        await anyio.sleep(size / 10_000)
        return b"x" * size


class Console:
    def __init__(self):
        self.lines = []

    async def show(self, line):
        await anyio.sleep(0.003)
        self.lines.append(line)


class Downloader:
    def __init__(self, mirror, console):
        self.mirror = mirror
        self.console = console
        self.stats = Stats()
        self.store = {}

    async def _save(self, path):
        data = await self.mirror.fetch(path)
        self.store[path] = data
        return len(data)

    async def download(self, path):
        before = self.stats.received
        await self.console.show(f"{path}: start at {before}")
        size = await self._save(path)
        self.stats.received += size
        self.stats.files += 1
        await self.console.show(f"{path}: average {self.stats.average}")

    async def run(self, paths):
        async with anyio.create_task_group() as tg:
            for path in paths:
                tg.start_soon(self.download, path)


def damage(downloader) -> bool:
    return downloader.stats.received != sum(map(len, downloader.store.values()))


async def main():
    downloader = Downloader(Mirror({"a.iso": 300, "b.iso": 200, "c.iso": 100}), Console())
    await downloader.run(["a.iso", "b.iso", "c.iso"])
    print(downloader.stats, downloader.console.lines, "damage", damage(downloader))
    return downloader


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
