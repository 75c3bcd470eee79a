"""ORM session with an identity map: one object per row, changes flushed at commit.
SAFE BECAUSE: after the row was fetched the entity is stored with setdefault(), so that the second loader of the same row
throws its own copy away and gets the entity that is already registered.
"""
import sys

import anyio


class Database:
    def __init__(self, rows):
        self.rows = rows
        self.selects = 0

    async def select(self, key):
        self.selects += 1
        await anyio.sleep(0.01 if key[0] == "user" else 0.002)
        return dict(self.rows[key])

    async def update(self, key, values):
        await anyio.sleep(0.001)
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
        return self.identity_map.get(key)

    async def get(self, kind, pk):
        key = (kind, pk)
        entity = self._lookup(key)
        if entity is None:
            row = await self.db.select(key)
            entity = self.identity_map.setdefault(key, Entity(key, row))
        return entity

    async def commit(self):
        for key, entity in list(self.identity_map.items()):
            changed, entity.__dict__["_changed"] = entity._changed, {}
            if changed:
                await self.db.update(key, changed)


async def change(session, start, field, value):
    await anyio.sleep(start)
    user = await session.get("user", 1)
    setattr(user, field, value)


def damage(db) -> bool:
    return db.rows[("user", 1)] != {"name": "Ann", "mail": "new@x", "lang": "de"}


async def main():
    db = Database({("user", 1): {"name": "ann", "mail": "old@x", "lang": "en"}})
    session = Session(db)
    async with anyio.create_task_group() as tg:
        tg.start_soon(change, session, 0, "name", "Ann")
        tg.start_soon(change, session, 0.005, "mail", "new@x")
        tg.start_soon(change, session, 0.012, "lang", "de")
        await anyio.sleep(0.011)
        await session.commit()
    await session.commit()
    print(db.rows, "selects", db.selects, "damage", damage(db))
    return db


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
