"""Tiny ORM whose save() writes all columns of the instance.

RACE: lost update - Model.load() reads the row (all columns), Model.save() writes all
of them back; a column that another task saved between load and save is reverted.
"""
import anyio


class Table:
    def __init__(self, latency):
        self.rows = {}
        self.latency = latency

    async def select(self, pk):
        await anyio.sleep(self.latency / 2)
        return dict(self.rows[pk])

    async def update(self, pk, columns):
        await anyio.sleep(self.latency)
        self.rows[pk].update(columns)


class Model:
    table = None
    columns = ()

    def __init__(self, pk, values):
        self.pk = pk
        for c in self.columns:
            setattr(self, c, values[c])

    @classmethod
    async def load(cls, pk):
        return cls(pk, await cls.table.select(pk))

    async def save(self):
        await self.table.update(self.pk, {c: getattr(self, c) for c in self.columns})


class Customer(Model):
    columns = ("email", "address", "points")


async def change_email(pk, email):
    customer = await Customer.load(pk)
    customer.email = email
    await customer.save()


async def earn_points(pk, points):
    await anyio.sleep(0.02)
    customer = await Customer.load(pk)
    await anyio.sleep(0.06)  # the loyalty service
    customer.points += points
    await customer.save()


async def main():
    Customer.table = Table(latency=0.03)
    Customer.table.rows[7] = {"email": "old@x", "address": "Elm 1", "points": 10}
    async with anyio.create_task_group() as tg:
        tg.start_soon(earn_points, 7, 5)
        await anyio.sleep(0.03)
        tg.start_soon(change_email, 7, "new@x")
    return dict(Customer.table.rows[7])


def damage(state):
    return state["email"] != "new@x" or state["points"] != 15


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
