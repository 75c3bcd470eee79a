"""Like counter of a blog, persisted through a slow key-value store (plain asyncio, gather and create_task).
SAFE BECAUSE: the nonlocal is increased without an await; the store keeps the maximum of the values written, so that slow
older writes do not harm; likes only grow.
"""
import asyncio

import anyio


class KeyValueStore:
    def __init__(self):
        self.data = {}
        self._calls = 0

    async def raise_to(self, key, value):
        self._calls += 1
        await asyncio.sleep(0.02 / self._calls)
        self.data[key] = max(self.data.get(key, 0), value)


def make_counter(store, post):
    likes = 0
    fans = set()

    async def like(user):
        nonlocal likes
        if user in fans:
            return likes
        fans.add(user)
        likes += 1
        mine = likes
        await store.raise_to(post, mine)
        return likes

    def current():
        return likes, frozenset(fans)

    return like, current


class Page:
    def __init__(self, store, post):
        self.store = store
        self.post = post
        self.like, self.current = make_counter(store, post)

    async def visit(self, user, start):
        await asyncio.sleep(start)
        return await self.like(user)


async def visitors(page, names, start):
    return await asyncio.gather(*(page.visit(n, start + 0.001 * i) for i, n in enumerate(names)))


def damage(page) -> bool:
    likes, fans = page.current()
    return likes != len(fans) or page.store.data[page.post] != likes


async def main():
    page = Page(KeyValueStore(), "post-1")
    first = asyncio.create_task(visitors(page, ["ann", "bob", "ann"], 0.0))
    second = asyncio.create_task(visitors(page, ["cid", "bob", "dan"], 0.002))
    answers = [*await first, *await second]
    print(page.current(), page.store.data, answers, "damage", damage(page))
    return page


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
