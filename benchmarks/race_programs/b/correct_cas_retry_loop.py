"""Config store client: read-modify-write over a key with compare-and-swap.

SAFE BECAUSE: update() computes a new value from the version it has read and
compare_and_swap() accepts it only if the key still has this version (checked and
written in one step on the server side); otherwise update() starts from the new value.
"""
import anyio


class Conflict(Exception):
    pass


class KV:
    def __init__(self):
        self.data = {}
        self.conflicts = 0

    def read(self, key):
        return self.data.get(key, (0, frozenset()))

    async def compare_and_swap(self, key, version, value):
        await anyio.sleep(0.03)
        if self.read(key)[0] != version:
            self.conflicts += 1
            raise Conflict(key)
        self.data[key] = (version + 1, value)


async def update(kv, key, change):
    while True:
        version, value = kv.read(key)
        try:
            await kv.compare_and_swap(key, version, change(value))
        except Conflict:
            continue
        return version + 1


class FeatureSet:
    def __init__(self, kv, key):
        self.kv = kv
        self.key = key

    async def enable(self, *names):
        return await update(self.kv, self.key, lambda old: old | set(names))

    async def disable(self, name):
        return await update(self.kv, self.key, lambda old: old - {name})


async def main():
    kv = KV()
    features = FeatureSet(kv, "features/web")
    versions = []

    async def operator(delay, method, *names):
        await anyio.sleep(delay)
        versions.append(await method(*names))

    async with anyio.create_task_group() as tg:
        tg.start_soon(operator, 0, features.enable, "dark", "beta")
        tg.start_soon(operator, 0.015, features.enable, "chat")
        tg.start_soon(operator, 0.015, features.enable, "maps")
        tg.start_soon(operator, 0.2, features.disable, "beta")
    return {"final": sorted(kv.read("features/web")[1]), "versions": sorted(versions), "conflicts": kv.conflicts}


def damage(state):
    return state["final"] != ["chat", "dark", "maps"] or state["versions"] != [1, 2, 3, 4]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
