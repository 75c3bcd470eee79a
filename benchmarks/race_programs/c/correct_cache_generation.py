"""Read-through cache in front of a user database.
CORRECT: generations - a fill is stored only when no invalidation of the key happened since it began
"""

import anyio


class Database:
    def __init__(self) -> None:
        self.rows = {7: {"name": "Old Name"}}

    async def select(self, pk: int) -> dict:
        row = dict(self.rows[pk])
        await anyio.sleep(0.05)
        return row

    async def update(self, pk: int, **changes) -> None:
        await anyio.sleep(0.005)
        self.rows[pk] = {**self.rows[pk], **changes}


class ProfileCache:
    def __init__(self, db: Database) -> None:
        self.db = db
        self._entries: dict[int, dict] = {}
        self._generation: dict[int, int] = {}

    def generation(self, pk: int) -> int:
        return self._generation.get(pk, 0)

    async def get(self, pk: int) -> dict:
        if pk in self._entries:
            return self._entries[pk]
        began = self.generation(pk)
        row = await self.db.select(pk)
        if self.generation(pk) == began:
            self._entries[pk] = row
        return row

    def invalidate(self, pk: int) -> None:
        self._generation[pk] = self.generation(pk) + 1
        self._entries.pop(pk, None)


class ProfileView:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.cache = ProfileCache(db)

    async def show(self, pk: int) -> str:
        return (await self.cache.get(pk))["name"]

    async def rename(self, pk: int, name: str) -> None:
        await self.db.update(pk, name=name)
        self.cache.invalidate(pk)


async def main():
    view = ProfileView(Database())
    async with anyio.create_task_group() as tg:
        tg.start_soon(view.show, 7)
        tg.start_soon(view.show, 7)
        await anyio.sleep(0.01)
        tg.start_soon(view.rename, 7, "New Name")
    return {"shown": await view.show(7), "stored": view.db.rows[7]["name"]}


def damage(state) -> bool:
    return state["shown"] != state["stored"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
