"""Download manager whose parallelism can be changed at run time (plain asyncio).

RACE: replaced object - _slot() reads `self.slots` (a semaphore) and holds it across the
download; resize() installs a new semaphore with all its permits, so running downloads
are not counted any more and the server's connection limit is exceeded.
"""
import asyncio
from contextlib import asynccontextmanager


class Server:
    def __init__(self, limit):
        self.limit = limit
        self.now = 0
        self.banned = []

    async def get(self, name, duration):
        self.now += 1
        if self.now > self.limit:
            self.banned.append(name)
        try:
            await asyncio.sleep(duration)
        finally:
            self.now -= 1


class Downloads:
    def __init__(self, server, parallel):
        self.server = server
        self.slots = asyncio.Semaphore(parallel)
        self.done = []

    def resize(self, parallel):
        self.slots = asyncio.Semaphore(parallel)

    @asynccontextmanager
    async def _slot(self):
        async with self.slots:
            yield

    async def fetch(self, name, duration):
        async with self._slot():
            await self.server.get(name, duration)
            self.done.append(name)


async def main():
    server = Server(limit=2)
    downloads = Downloads(server, parallel=2)

    async def user(name, delay, duration):
        await asyncio.sleep(delay)
        await downloads.fetch(name, duration)

    async def settings():
        await asyncio.sleep(0.04)
        downloads.resize(1)

    await asyncio.gather(
        user("a.iso", 0, 0.15),
        user("b.iso", 0, 0.15),
        settings(),
        user("c.iso", 0.08, 0.03),
    )
    return {"done": sorted(downloads.done), "banned": server.banned}


def damage(state):
    return bool(state["banned"])


if __name__ == "__main__":
    result = asyncio.run(main())
    print(result, "DAMAGE" if damage(result) else "ok")
