"""Crawler that spaces its requests to a host.
CORRECT: the next slot is booked before the sleep - every request computes and moves next_slot in one step
"""

import anyio


class HostClock:
    def __init__(self, gap: int) -> None:
        self.gap = gap
        self.now = 0
        self.next_slot = 0

    def book(self) -> int:
        slot = max(self.now, self.next_slot)
        self.next_slot = slot + self.gap
        return slot


class Politeness:
    def __init__(self, gap: int) -> None:
        self.gap = gap
        self.hosts: dict[str, HostClock] = {}
        self.log: list[tuple[str, int]] = []

    def clock(self, host: str) -> HostClock:
        if host not in self.hosts:
            self.hosts[host] = HostClock(self.gap)
        return self.hosts[host]

    async def wait_turn(self, host: str) -> int:
        slot = self.clock(host).book()
        await anyio.sleep(slot / 1000)
        self.log.append((host, slot))
        return slot


class Crawler:
    def __init__(self, politeness: Politeness) -> None:
        self.politeness = politeness
        self.pages: dict[str, int] = {}

    async def visit(self, url: str) -> None:
        host = url.split("/")[0]
        slot = await self.politeness.wait_turn(host)
        await anyio.sleep(0.005)
        self.pages[url] = slot


async def main():
    politeness = Politeness(gap=10)
    crawler = Crawler(politeness)
    async with anyio.create_task_group() as tg:
        for n in range(4):
            tg.start_soon(crawler.visit, f"shop.example/{n}")
            tg.start_soon(crawler.visit, f"blog.example/{n}")
    return sorted(politeness.log)


def damage(state) -> bool:
    return state != sorted((h, s) for h in ("shop.example", "blog.example") for s in (0, 10, 20, 30))


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
