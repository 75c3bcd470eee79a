"""Small web crawler with a shared set of seen URLs and several workers.

RACE: check-then-act - crawl() tests `url in self.seen`, waits for the page, and
`self.seen.add(url)` comes after; two workers fetch and index the same page.
"""
from collections import Counter, deque

import anyio

SITE = {
    "/": ["/a", "/b"],
    "/a": ["/shared"],
    "/b": ["/shared"],
    "/shared": [],
}


class Fetcher:
    def __init__(self):
        self.hits = Counter()

    async def get(self, url):
        self.hits[url] += 1
        await anyio.sleep(0.05)
        return SITE[url]


class Crawler:
    def __init__(self, fetcher):
        self.fetcher = fetcher
        self.frontier = deque(["/"])
        self.seen = set()
        self.index = []
        self.idle = 0

    async def crawl(self, url):
        if url in self.seen:
            return
        links = await self.fetcher.get(url)
        self.seen.add(url)
        self.index.append(url)
        self.frontier.extend(link for link in links if link not in self.seen)

    async def worker(self, lifetime):
        with anyio.move_on_after(lifetime):
            while True:
                if self.frontier:
                    await self.crawl(self.frontier.popleft())
                else:
                    await anyio.sleep(0.005)


async def main():
    crawler = Crawler(Fetcher())
    async with anyio.create_task_group() as tg:
        for _ in range(3):
            tg.start_soon(crawler.worker, 0.3)
    return {"index": sorted(crawler.index), "hits": dict(crawler.fetcher.hits)}


def damage(state):
    return len(state["index"]) != len(set(state["index"]))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
