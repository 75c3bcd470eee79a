"""Site crawler with a set of visited pages and several workers.
RACE: check-then-act (uniqueness) - Frontier.is_new in Crawler.wanted, Frontier.mark in Crawler._download after the fetch
"""

import anyio

SITE = {
    "/": ["/a", "/b"],
    "/a": ["/c", "/"],
    "/b": ["/c", "/a"],
    "/c": [],
}


class Frontier:
    def __init__(self) -> None:
        self._seen: set[str] = set()

    def is_new(self, url: str) -> bool:
        return url not in self._seen

    def mark(self, url: str) -> None:
        self._seen.add(url)


class Crawler:
    def __init__(self, workers: int) -> None:
        self.frontier = Frontier()
        self.downloads: list[str] = []
        self.workers = workers
        self.send, self.receive = anyio.create_memory_object_stream[str](100)

    def wanted(self, url: str) -> bool:
        return url.startswith("/") and self.frontier.is_new(url)

    async def process(self, url: str) -> None:
        if self.wanted(url):
            await self._download(url)
            self._enqueue_links(SITE[url])

    async def _download(self, url: str) -> None:
        await anyio.sleep(0.02)
        self.downloads.append(url)
        self.frontier.mark(url)

    def _enqueue_links(self, links: list[str]) -> None:
        for link in links:
            self.send.send_nowait(link)

    async def worker(self) -> None:
        with anyio.move_on_after(0.3):
            async for url in self.receive:
                await self.process(url)

    async def crawl(self, start: str) -> list[str]:
        self.send.send_nowait(start)
        async with anyio.create_task_group() as tg:
            for _ in range(self.workers):
                tg.start_soon(self.worker)
        self.send.close()
        self.receive.close()
        return self.downloads


async def main():
    return await Crawler(workers=2).crawl("/")


def damage(state) -> bool:
    return len(state) != len(set(state))


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
