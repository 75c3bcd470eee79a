"""ORM session with an identity map: one object per row, changes flushed at commit.
RACE: check-then-act - Session.get misses in the identity map (# READ), awaits the row, then stores the new entity
(# ACT); a second load replaces the first entity, whose changes are never flushed.
"""
import sys

import anyio


class Database:
    def __init__(self, rows):
        self.rows = rows

    async def select(self, key):
        await anyio.sleep(0.04 if key[0] == "user" else 0.008)
        return dict(self.rows[key])

    async def update(self, key, values):
        await anyio.sleep(0.004)
        self.rows[key].update(values)


class Entity:
    def __init__(self, key, values):
        self.__dict__["_key"] = key
        self.__dict__["_values"] = values
        self.__dict__["_changed"] = {}

    def __getattr__(self, name):
        return self._values[name]

    def __setattr__(self, name, value):
        self._values[name] = value
        self._changed[name] = value


class Session:
    def __init__(self, db):
        self.db = db
        self.identity_map = {}

    def _lookup(self, key):
        return self.identity_map.get(key)  # READ

    def _remember(self, key, entity):
        self.identity_map[key] = entity  # ACT
        return entity

    async def get(self, kind, pk):
        key = (kind, pk)
        entity = self._lookup(key)
        if entity is None:
            row = await self.db.select(key)
            entity = self._remember(key, Entity(key, row))
        return entity

    async def commit(self):
        for key, entity in list(self.identity_map.items()):
            if entity._changed:
                await self.db.update(key, entity._changed)


async def change(session, start, field, value):
    await anyio.sleep(start)
    user = await session.get("user", 1)
    setattr(user, field, value)


def damage(db) -> bool:
    return db.rows[("user", 1)] != {"name": "Ann", "mail": "new@x"}


async def main():
    db = Database({("user", 1): {"name": "ann", "mail": "old@x"}})
    session = Session(db)
    async with anyio.create_task_group() as tg:
        tg.start_soon(change, session, 0, "name", "Ann")
        tg.start_soon(change, session, 0.02, "mail", "new@x")
    await session.commit()
    print(db.rows, "damage", damage(db))
    return db


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
