"""Unit of work that writes dirty aggregates to the database and then marks them clean.
RACE: lost update - UnitOfWork.flush takes the state of an aggregate (# READ), awaits the write, then resets its dirty
flag (# ACT); a change made during the write is regarded as saved and never reaches the database.
"""
import sys
from dataclasses import asdict, dataclass

import anyio


class Tracked:
    """Mixin: any public attribute assignment marks the object dirty."""

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        if name != "_dirty":
            object.__setattr__(self, "_dirty", True)

    @property
    def dirty(self):
        return self._dirty

    def mark_clean(self):
        self._dirty = False  # ACT


@dataclass
class Customer(Tracked):
    id: int
    name: str
    credit: int = 0

    def state(self):
        return asdict(self)  # READ


class Table:
    def __init__(self):
        self.rows = {}
        self.writes = 0

    async def upsert(self, row):
        await anyio.sleep(0.04)
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
            if obj.dirty:
                await self.table.upsert(obj.state())
                obj.mark_clean()


async def grant_credit(customer, amount):
    await anyio.sleep(0.02)
    customer.credit += amount


def damage(state) -> bool:
    table, customer = state
    return table.rows[customer.id]["credit"] != customer.credit


async def main():
    table = Table()
    uow = UnitOfWork(table)
    customer = uow.add(Customer(1, "Ann"))
    async with anyio.create_task_group() as tg:
        tg.start_soon(uow.flush)
        tg.start_soon(grant_credit, customer, 50)
    await uow.flush()
    state = (table, customer)
    print(customer, table.rows, "writes", table.writes, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
