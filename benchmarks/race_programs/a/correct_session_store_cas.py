"""Web session middleware with optimistic concurrency: a copy is loaded, changed and saved if nobody else saved before.
SAFE BECAUSE: save() compares the version that was loaded with the current one without an await and refuses a stale copy;
the middleware then replays the handler on a fresh copy.
"""
import sys
from dataclasses import dataclass, field

import anyio


@dataclass
class Record:
    version: int = 0
    values: dict = field(default_factory=dict)


class SessionStore:
    def __init__(self):
        self._records = {}

    def load(self, sid):
        record = self._records.setdefault(sid, Record())
        return record.version, dict(record.values)

    def save(self, sid, version, values):
        record = self._records[sid]
        if record.version != version:
            return False
        record.values = values
        record.version = version + 1
        return True

    def peek(self, sid):
        return self._records[sid].values


class Middleware:
    def __init__(self, store, app):
        self.store = store
        self.app = app
        self.conflicts = 0

    async def dispatch(self, sid, request):
        while True:
            version, session = self.store.load(sid)
            response = await self.app(request, session)
            if self.store.save(sid, version, session):
                return response
            self.conflicts += 1


class App:
    async def __call__(self, request, session):
        name, value, delay = request
        await anyio.sleep(delay)
        session[name] = value
        session["hits"] = session.get("hits", 0) + 1
        return name


def damage(state) -> bool:
    session, _ = state
    return session != {"theme": "dark", "cart": "book", "lang": "en", "hits": 3}


async def main():
    store = SessionStore()
    middleware = Middleware(store, App())
    async with anyio.create_task_group() as tg:
        tg.start_soon(middleware.dispatch, "s1", ("theme", "dark", 0.03))
        tg.start_soon(middleware.dispatch, "s1", ("cart", "book", 0.01))
        tg.start_soon(middleware.dispatch, "s1", ("lang", "en", 0.015))
    state = (store.peek("s1"), middleware.conflicts)
    print(state, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
