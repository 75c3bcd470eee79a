"""Visit counters of a blog, kept in a JSON document.
RACE: read-modify-write through load()/save() - JsonStore.load in Counters.hit, JsonStore.save at its end
"""

import json

import anyio


class JsonStore:
    def __init__(self) -> None:
        self._text = "{}"

    async def load(self) -> dict:
        await anyio.sleep(0.005)
        return json.loads(self._text)

    async def save(self, data: dict) -> None:
        text = json.dumps(data, sort_keys=True)
        await anyio.sleep(0.005)
        self._text = text

    def snapshot(self) -> dict:
        return json.loads(self._text)


class Counters:
    def __init__(self, store: JsonStore) -> None:
        self.store = store

    async def hit(self, page: str) -> int:
        data = await self.store.load()
        self._bump(data, page)
        await self._geo_lookup()
        await self.store.save(data)
        return data[page]

    @staticmethod
    def _bump(data: dict, page: str) -> None:
        data[page] = data.get(page, 0) + 1

    async def _geo_lookup(self) -> None:
        await anyio.sleep(0.01)


async def visitor(counters: Counters, pages: list[str]) -> None:
    for page in pages:
        await counters.hit(page)


async def main():
    store = JsonStore()
    counters = Counters(store)
    async with anyio.create_task_group() as tg:
        tg.start_soon(visitor, counters, ["/", "/about"])
        tg.start_soon(visitor, counters, ["/", "/feed"])
        tg.start_soon(visitor, counters, ["/about", "/"])
    return store.snapshot()


def damage(state) -> bool:
    return state != {"/": 3, "/about": 2, "/feed": 1}


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
