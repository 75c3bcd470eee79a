"""Export with an async generator that pages through a table by offset.

RACE: stale offset - pages() computes `offset += len(page)` and awaits the sink; a row
before the offset is deleted meanwhile, the next slice starts one row too far and a row
is never exported.
"""
import anyio


class Table:
    def __init__(self, names):
        self.rows = [{"id": i, "name": n} for i, n in enumerate(names)]

    async def fetch(self, offset, limit):
        await anyio.sleep(0.01)
        return self.rows[offset : offset + limit]

    def delete(self, row_id):
        self.rows = [r for r in self.rows if r["id"] != row_id]


async def pages(table, limit):
    offset = 0
    while True:
        page = await table.fetch(offset, limit)
        if not page:
            return
        offset += len(page)
        yield page


class Exporter:
    def __init__(self, table):
        self.table = table
        self.lines = []

    async def _write(self, page):
        await anyio.sleep(0.06)
        self.lines.extend(r["name"] for r in page)

    async def run(self):
        async for page in pages(self.table, 2):
            await self._write(page)


async def main():
    table = Table(["ann", "bob", "cyd", "dee", "eli"])
    exporter = Exporter(table)

    async def gdpr_request():
        await anyio.sleep(0.04)
        table.delete(0)

    async with anyio.create_task_group() as tg:
        tg.start_soon(exporter.run)
        tg.start_soon(gdpr_request)
    return {"exported": exporter.lines, "rows": [r["name"] for r in table.rows]}


def damage(state):
    return not set(state["rows"]) <= set(state["exported"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
