"""Small web crawler with a shared set of seen URLs and several workers.

SAFE BECAUSE: `schedule()` tests and adds to `seen` in one step before the URL enters the
frontier, and a worker takes a URL with popleft(); so each URL is fetched once.
`open_urls` is changed without awaits in between and tells the workers when to stop.
"""
from collections import Counter, deque

import anyio

SITE = {
    "/": ["/a", "/b"],
    "/a": ["/shared", "/"],
    "/b": ["/shared", "/a"],
    "/shared": ["/b"],
}


class Fetcher:
    def __init__(self):
        self.hits = Counter()

    async def get(self, url):
        self.hits[url] += 1
        await anyio.sleep(0.05 if url != "/b" else 0.09)
        return SITE[url]


class Crawler:
    def __init__(self, fetcher, start):
        self.fetcher = fetcher
        self.frontier = deque()
        self.seen = set()
        self.index = []
        self.open_urls = 0
        self.schedule(start)

    def schedule(self, url):
        if url in self.seen:
            return
        self.seen.add(url)
        self.frontier.append(url)
        self.open_urls += 1

    async def crawl(self, url):
        links = await self.fetcher.get(url)
        self.index.append(url)
        for link in links:
            self.schedule(link)
        self.open_urls -= 1

    async def worker(self):
        while self.open_urls:
            if self.frontier:
                await self.crawl(self.frontier.popleft())
            else:
                await anyio.sleep(0.01)


async def main():
    crawler = Crawler(Fetcher(), "/")
    async with anyio.create_task_group() as tg:
        for _ in range(3):
            tg.start_soon(crawler.worker)
    return {"index": sorted(crawler.index), "hits": dict(crawler.fetcher.hits)}


def damage(state):
    return state["index"] != sorted(SITE) or max(state["hits"].values()) > 1


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
