"""Like counter of a blog, persisted through a slow key-value store (plain asyncio, gather and create_task).
RACE: lost update - the closure `like` in make_counter reads the nonlocal `likes` (# READ), awaits the store, then
assigns `likes` (# ACT); likes given at the same time are counted once.
"""
import asyncio

import anyio


class KeyValueStore:
    def __init__(self):
        self.data = {}

    async def set(self, key, value):
        await asyncio.sleep(0.02)
        self.data[key] = value


def make_counter(store, post):
    likes = 0
    fans = []

    async def like(user):
        nonlocal likes
        updated = likes + 1  # READ
        await store.set(post, updated)
        likes = updated  # ACT
        fans.append(user)

    def current():
        return likes, tuple(fans)

    return like, current


class Page:
    def __init__(self, store, post):
        self.like, self.current = make_counter(store, post)

    async def visit(self, user):
        await asyncio.sleep(0.004)
        await self.like(user)
        return user


async def visitors(page, names):
    return await asyncio.gather(*(page.visit(n) for n in names))


def damage(page) -> bool:
    likes, fans = page.current()
    return likes != len(fans)


async def main():
    page = Page(KeyValueStore(), "post-1")
    first = asyncio.create_task(visitors(page, ["ann", "bob"]))
    second = asyncio.create_task(visitors(page, ["cid"]))
    await first
    await second
    print("state", page.current(), "damage", damage(page))
    return page


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
