"""Export with an async generator that pages through a table by key.

SAFE BECAUSE: pages() remembers the last key it has yielded, not an offset; deletions and
inserts elsewhere do not move the start of the next page. The table has ascending keys
that are never reused, so each row that exists throughout is exported once.
"""
import itertools

import anyio


class Table:
    def __init__(self, names):
        self._ids = itertools.count(1)
        self.rows = {}
        for name in names:
            self.insert(name)

    def insert(self, name):
        self.rows[next(self._ids)] = name

    def delete(self, row_id):
        del self.rows[row_id]

    async def fetch_after(self, key, limit):
        await anyio.sleep(0.01)
        ids = sorted(i for i in self.rows if i > key)[:limit]
        return [(i, self.rows[i]) for i in ids]


async def pages(table, limit):
    last = 0
    while page := await table.fetch_after(last, limit):
        yield page
        last = page[-1][0]


class Exporter:
    def __init__(self, table):
        self.table = table
        self.lines = []

    async def _write(self, page):
        await anyio.sleep(0.06)
        self.lines.extend(name for _, name in page)

    async def run(self):
        async for page in pages(self.table, 2):
            await self._write(page)


async def main():
    table = Table(["ann", "bob", "cyd", "dee", "eli"])
    exporter = Exporter(table)

    async def traffic():
        await anyio.sleep(0.04)
        table.delete(1)
        table.insert("fay")
        await anyio.sleep(0.07)
        table.delete(2)

    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.run)
        tg.start_soon(traffic)
    return {"exported": exporter.lines, "rows": list(table.rows.values())}


def damage(state):
    lines = state["exported"]
    stayed = {"cyd", "dee", "eli"}
    return not stayed <= set(lines) or len(lines) != len(set(lines)) or lines != sorted(lines)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
