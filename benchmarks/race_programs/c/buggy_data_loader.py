"""GraphQL data loader that collects keys of one tick and fetches them in one query.
RACE: batching - BatchLoader._dispatch awaits the query of self.keys and then replaces it, keys added meanwhile are dropped
"""

import anyio


class UserTable:
    def __init__(self) -> None:
        self.queries: list[list[int]] = []

    async def select_in(self, ids: list[int]) -> dict[int, str]:
        ids = list(ids)
        self.queries.append(ids)
        await anyio.sleep(0.05)
        return {pk: f"user-{pk}" for pk in ids}


class BatchLoader:
    def __init__(self, table: UserTable) -> None:
        self.table = table
        self.keys: list[int] = []
        self.results: dict[int, str] = {}

    def want(self, key: int) -> None:
        self.keys.append(key)

    async def _dispatch(self) -> None:
        rows = await self.table.select_in(self.keys)
        self.results.update(rows)
        self.keys = []

    async def run(self, ticks: int) -> None:
        for _ in range(ticks):
            await anyio.sleep(0.02)
            if self.keys:
                await self._dispatch()


async def resolver(loader: BatchLoader, key: int, after: float) -> None:
    await anyio.sleep(after)
    loader.want(key)


async def main():
    table = UserTable()
    loader = BatchLoader(table)
    async with anyio.create_task_group() as tg:
        tg.start_soon(loader.run, 4)
        tg.start_soon(resolver, loader, 1, 0)
        tg.start_soon(resolver, loader, 2, 0)
        tg.start_soon(resolver, loader, 3, 0.045)
    return {"loaded": sorted(loader.results), "queries": table.queries}


def damage(state) -> bool:
    return state["loaded"] != [1, 2, 3]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
