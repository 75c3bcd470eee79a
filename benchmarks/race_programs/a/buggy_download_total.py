"""Parallel downloader that sums up the received bytes of all files.
RACE: lost update - `self.stats.received += await ...` evaluates the old value before the await (# READ) and stores the
sum after it (# ACT); parallel downloads overwrite each other's share of the total.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class Stats:
    received: int = 0
    files: int = 0


class Mirror:
    def __init__(self, sizes):
        self.sizes = sizes

    async def fetch(self, path):
        size = self.sizes[path]
        await anyio.sleep(size / 2_500)
        return b"x" * size


class Downloader:
    def __init__(self, mirror):
        self.mirror = mirror
        self.stats = Stats()
        self.store = {}

    async def _save(self, path):
        data = await self.mirror.fetch(path)
        self.store[path] = data
        return len(data)

    async def download(self, path):
        self.stats.received += await self._save(path)  # READ  # ACT
        self.stats.files += 1

    async def run(self, paths):
        async with anyio.create_task_group() as tg:
            for path in paths:
                tg.start_soon(self.download, path)


def damage(downloader) -> bool:
    return downloader.stats.received != sum(map(len, downloader.store.values()))


async def main():
    downloader = Downloader(Mirror({"a.iso": 300, "b.iso": 200, "c.iso": 100}))
    await downloader.run(["a.iso", "b.iso", "c.iso"])
    print(downloader.stats, "stored", sum(map(len, downloader.store.values())), "damage", damage(downloader))
    return downloader


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
