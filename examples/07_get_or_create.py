"""A cache stampede and its cure: a hundred tasks miss the same page, and it is fetched once.

`get_or_create` lets the first one fetch and the others wait for it; if that one is cancelled, the next one
fetches. `update_key` lets one task at a time update a key across an await, so that no update is lost.

    python examples/07_get_or_create.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

import anyio
from anyio.lowlevel import checkpoint

import anymutex

Pages = anymutex.SharedMap[str, str]
Counts = anymutex.SharedMap[str, int]
VISITORS = 100


async def fetch(fetches: Counts) -> str:
    fetches["/"] = fetches.get("/", 0) + 1  # no await between reading and writing: atomic already
    await anyio.sleep(0.01)
    return "<html>"


async def one_more(count: int) -> int:
    await checkpoint()  # to a database, say
    return count + 1


async def stampede(pages: Pages, fetches: Counts, visits: Counts) -> None:
    if "/" not in pages:  # true for all of them: the page comes only after the await
        pages["/"] = await fetch(fetches)
    visits["/"] = await one_more(visits.get("/", 0))


async def visit(pages: Pages, fetches: Counts, visits: Counts) -> None:
    await pages.get_or_create("/", lambda: fetch(fetches))
    await visits.update_key("/", one_more, default=0)


async def main() -> None:
    for visitor in (stampede, visit):
        pages, fetches, visits = Pages(), Counts(), Counts()
        async with anyio.create_task_group() as tasks:
            for _ in range(VISITORS):
                tasks.start_soon(visitor, pages, fetches, visits)
        print(f"{visitor.__name__}: {VISITORS} visitors, {fetches['/']} fetched, {visits['/']} counted")


anymutex.run(main)
