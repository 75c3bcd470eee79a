"""Crawler that must stay within three requests per window and host.
RACE: check-then-act (capacity) - Window.full tested in RateLimiter.acquire, Window.note called after the robots check
"""

import anyio


class Window:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stamps: list[str] = []

    def full(self) -> bool:
        return len(self.stamps) >= self.limit

    def note(self, url: str) -> None:
        self.stamps.append(url)


class RateLimiter:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.windows: dict[str, Window] = {}

    def window(self, host: str) -> Window:
        return self.windows.setdefault(host, Window(self.limit))

    async def robots_allow(self, host: str) -> bool:
        await anyio.sleep(0.01)
        return not host.startswith("private.")

    async def acquire(self, url: str) -> bool:
        host = url.split("/")[0]
        window = self.window(host)
        if window.full() or not await self.robots_allow(host):
            return False
        window.note(url)
        return True


class Crawler:
    def __init__(self, limiter: RateLimiter) -> None:
        self.limiter = limiter
        self.skipped: list[str] = []

    async def visit(self, url: str) -> None:
        if not await self.limiter.acquire(url):
            self.skipped.append(url)
            return
        await anyio.sleep(0.02)


async def main():
    limiter = RateLimiter(limit=3)
    crawler = Crawler(limiter)
    urls = [f"shop.example/p/{i}" for i in range(5)] + ["private.example/x"]
    async with anyio.create_task_group() as tg:
        for url in urls:
            tg.start_soon(crawler.visit, url)
    return {host: len(w.stamps) for host, w in limiter.windows.items()}


def damage(state) -> bool:
    return any(n > 3 for n in state.values())


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
