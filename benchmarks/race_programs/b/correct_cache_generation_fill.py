"""@cached decorator for async loaders, with invalidate() after writes.

SAFE BECAUSE: a fill remembers the generation of the key; invalidate() raises it in the same
step as it drops the entry. A loader that finds another generation after its await does
not store and does not answer its value: it loads again.
"""
import functools
from collections import Counter

import anyio

DB = {}


def cached(func):
    store = {}
    generation = Counter()

    @functools.wraps(func)
    async def wrapper(key):
        while True:
            if key in store:
                return store[key]
            started = generation[key]
            value = await func(key)
            if generation[key] == started:
                return store.setdefault(key, value)

    def invalidate(key):
        generation[key] += 1
        store.pop(key, None)

    wrapper.invalidate = invalidate
    return wrapper


def build_repository(loads):
    @cached
    async def load_profile(user):
        row = DB[user]
        loads.append(row["name"])
        await anyio.sleep(0.08)
        return row

    def rename(user, name):
        DB[user] = {"name": name}
        load_profile.invalidate(user)

    return load_profile, rename


async def main():
    DB.clear()
    DB["u1"] = {"name": "old"}
    loads = []
    load_profile, rename = build_repository(loads)
    seen = []

    async def page(delay):
        await anyio.sleep(delay)
        name = (await load_profile("u1"))["name"]
        seen.append((name, DB["u1"]["name"]))

    async def settings():
        await anyio.sleep(0.035)
        rename("u1", "new")

    async with anyio.create_task_group() as tg:
        tg.start_soon(page, 0)
        tg.start_soon(settings)
        tg.start_soon(page, 0.24)
    return {"seen": seen, "loads": loads}


def damage(state):
    return any(name != truth for name, truth in state["seen"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
