"""Service with a lazily opened database: the first query runs the migrations.
RACE: double initialization - Lazy.ready tested in Database.query, Lazy value set after _migrate
"""

import anyio


class Database:
    def __init__(self) -> None:
        self._schema: dict[str, list[str]] | None = None
        self.migrations: list[str] = []

    @property
    def ready(self) -> bool:
        return self._schema is not None

    async def ensure_ready(self) -> None:
        if not self.ready:
            schema = await self._migrate()
            self._install(schema)

    async def _migrate(self) -> dict[str, list[str]]:
        for name in ("0001_initial", "0002_seed"):
            await anyio.sleep(0.01)
            self.migrations.append(name)
        return {"articles": []}

    def _install(self, schema: dict[str, list[str]]) -> None:
        self._schema = schema

    async def insert(self, table: str, value: str) -> None:
        await self.ensure_ready()
        self._schema[table].append(value)

    async def select(self, table: str) -> list[str]:
        await self.ensure_ready()
        return list(self._schema[table])


class ArticleApi:
    def __init__(self, db: Database) -> None:
        self.db = db

    async def create(self, title: str) -> int:
        await self.db.insert("articles", title)
        return 201


async def main():
    db = Database()
    api = ArticleApi(db)
    async with anyio.create_task_group() as tg:
        for title in ("hello", "world"):
            tg.start_soon(api.create, title)
    return {"migrations": db.migrations, "rows": await db.select("articles")}


def damage(state) -> bool:
    return len(state["migrations"]) != 2 or len(state["rows"]) != 2


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
