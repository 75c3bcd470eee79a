"""Tiny ORM whose save() writes all columns, guarded by a version column.

SAFE BECAUSE: Table.update() compares the version and writes in one step after its await
(like UPDATE ... WHERE version = ?); on a conflict the unit of work reloads and
applies its change to the fresh row.
"""
import functools

import anyio


class StaleObject(Exception):
    pass


class Table:
    def __init__(self, latency):
        self.rows = {}
        self.latency = latency
        self.conflicts = 0

    async def select(self, pk):
        await anyio.sleep(self.latency)
        return dict(self.rows[pk])

    async def update(self, pk, columns):
        await anyio.sleep(self.latency)
        if self.rows[pk]["version"] != columns["version"]:
            self.conflicts += 1
            raise StaleObject(pk)
        self.rows[pk] = {**columns, "version": columns["version"] + 1}


def retry_on_stale(func):
    @functools.wraps(func)
    async def wrapper(*args):
        while True:
            try:
                return await func(*args)
            except StaleObject:
                continue

    return wrapper


@retry_on_stale
async def change_email(table, pk, email):
    row = await table.select(pk)
    row["email"] = email
    await table.update(pk, row)


@retry_on_stale
async def earn_points(table, pk, points):
    row = await table.select(pk)
    await anyio.sleep(0.06)
    row["points"] += points
    await table.update(pk, row)


async def main():
    table = Table(0.02)
    table.rows[7] = {"email": "old@x", "points": 10, "version": 1}
    async with anyio.create_task_group() as tg:
        tg.start_soon(earn_points, table, 7, 5)
        await anyio.sleep(0.03)
        tg.start_soon(change_email, table, 7, "new@x")
        tg.start_soon(earn_points, table, 7, 1)
    return {"row": table.rows[7], "conflicts": table.conflicts}


def damage(state):
    row = state["row"]
    return (row["email"], row["points"]) != ("new@x", 16)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
