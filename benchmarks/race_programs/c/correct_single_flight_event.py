"""Service with a lazily opened database: the first query runs the migrations.
CORRECT: single flight with an event - the flag is claimed before the first await, the others wait for the event
"""

import anyio


class Database:
    def __init__(self) -> None:
        self._schema: dict[str, list[str]] | None = None
        self._opening: anyio.Event | None = None
        self.migrations: list[str] = []

    async def ensure_ready(self) -> None:
        if self._schema is not None:
            return
        if self._opening is not None:
            await self._opening.wait()
            return
        self._opening = anyio.Event()
        self._schema = await self._migrate()
        self._opening.set()

    async def _migrate(self) -> dict[str, list[str]]:
        for name in ("0001_initial", "0002_seed"):
            await anyio.sleep(0.01)
            self.migrations.append(name)
        return {"articles": []}

    async def insert(self, table: str, value: str) -> None:
        await self.ensure_ready()
        self._schema[table].append(value)

    async def select(self, table: str) -> list[str]:
        await self.ensure_ready()
        return sorted(self._schema[table])


class ArticleApi:
    def __init__(self, db: Database) -> None:
        self.db = db

    async def create(self, title: str, delay: float) -> int:
        await anyio.sleep(delay)
        await self.db.insert("articles", title)
        return 201


async def main():
    db = Database()
    api = ArticleApi(db)
    async with anyio.create_task_group() as tg:
        for n, title in enumerate(("hello", "world", "again")):
            tg.start_soon(api.create, title, n * 0.01)
    return {"migrations": db.migrations, "rows": await db.select("articles")}


def damage(state) -> bool:
    return state["migrations"] != ["0001_initial", "0002_seed"] or len(state["rows"]) != 3


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
