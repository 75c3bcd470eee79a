"""@cached decorator for async loaders, with invalidate() after writes.

RACE: stale fill - the wrapper starts `value = await func(key)` (which reads the database),
invalidate(key) runs meanwhile after a write, then `store[key] = value` puts the old value
into the cache, where it stays for good.
"""
import functools

import anyio

DB = {}


def cached(func):
    store = {}

    @functools.wraps(func)
    async def wrapper(key):
        if key in store:
            return store[key]
        value = await func(key)
        store[key] = value
        return value

    def invalidate(key):
        store.pop(key, None)

    wrapper.invalidate = invalidate
    wrapper.store = store
    return wrapper


def build_repository():
    @cached
    async def load_profile(user):
        row = DB[user]
        await anyio.sleep(0.08)  # the answer travels back
        return row

    async def rename(user, name):
        DB[user] = {"name": name}
        await anyio.sleep(0.01)
        load_profile.invalidate(user)

    return load_profile, rename


async def main():
    DB.clear()
    DB["u1"] = {"name": "old"}
    load_profile, rename = build_repository()
    seen = []

    async def page(delay):
        await anyio.sleep(delay)
        seen.append((await load_profile("u1"))["name"])

    async def settings():
        await anyio.sleep(0.03)
        await rename("u1", "new")

    async with anyio.create_task_group() as tg:
        tg.start_soon(page, 0)
        tg.start_soon(settings)
        tg.start_soon(page, 0.14)
    return {"seen": seen, "db": DB["u1"]["name"]}


def damage(state):
    return state["seen"][-1] != state["db"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
