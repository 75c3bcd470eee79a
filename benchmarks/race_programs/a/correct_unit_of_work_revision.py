"""Unit of work that writes dirty aggregates to the database and then marks them clean.
SAFE BECAUSE: every change raises the revision of the object; after the write mark_clean() compares the revision that was
written with the current one and leaves the object dirty if they differ.
"""
import sys
from dataclasses import asdict, dataclass

import anyio


class Tracked:
    """Mixin: any public attribute assignment raises the revision."""

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        if not name.startswith("_"):
            object.__setattr__(self, "_revision", self.__dict__.get("_revision", 0) + 1)
            object.__setattr__(self, "_dirty", True)

    @property
    def dirty(self):
        return self._dirty

    def mark_clean(self, revision):
        if self._revision == revision:
            self._dirty = False


@dataclass
class Customer(Tracked):
    id: int
    name: str
    credit: int = 0

    def state(self):
        return self._revision, asdict(self)


class Table:
    def __init__(self):
        self.rows = {}
        self.writes = 0

    async def upsert(self, row):
        await anyio.sleep(0.01)
        self.rows[row["id"]] = row
        self.writes += 1


class UnitOfWork:
    def __init__(self, table):
        self.table = table
        self.objects = []

    def add(self, obj):
        self.objects.append(obj)
        return obj

    async def flush(self):
        for obj in tuple(self.objects):
            while obj.dirty:
                revision, row = obj.state()
                await self.table.upsert(row)
                obj.mark_clean(revision)


async def grant_credit(customer, amount, after):
    await anyio.sleep(after)
    customer.credit += amount


def damage(state) -> bool:
    table, customer = state
    return table.rows[customer.id]["credit"] != customer.credit or customer.credit != 57


async def main():
    table = Table()
    uow = UnitOfWork(table)
    customer = uow.add(Customer(1, "Ann"))
    async with anyio.create_task_group() as tg:
        tg.start_soon(uow.flush)
        tg.start_soon(grant_credit, customer, 50, 0.005)
        tg.start_soon(grant_credit, customer, 7, 0.015)
    await uow.flush()
    state = (table, customer)
    print(customer, table.rows, "writes", table.writes, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
