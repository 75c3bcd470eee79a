"""Session middleware with a store: load, run the handler, save.

SAFE BECAUSE: the save goes through replace_if(), which in one step compares the store's
present revision of the session with the one that was loaded; a logout (or another
save) in between makes the save fail, and the handler is re-run on the fresh session
or the request ends with 401.
"""
import itertools

import anyio


class Store:
    def __init__(self):
        self._data = {}
        self._revisions = itertools.count(1)  # never used twice, also not after a logout

    def load(self, sid):
        entry = self._data.get(sid)
        return (None, None) if entry is None else (entry[0], dict(entry[1]))

    def create(self, sid, session):
        self._data[sid] = (next(self._revisions), dict(session))

    def replace_if(self, sid, revision, session):
        entry = self._data.get(sid)
        if entry is None or entry[0] != revision:
            return False
        self._data[sid] = (next(self._revisions), dict(session))
        return True

    def destroy(self, sid):
        self._data.pop(sid, None)


class SessionMiddleware:
    def __init__(self, app, store):
        self.app = app
        self.store = store
        self.retries = 0

    async def __call__(self, sid, path):
        while True:
            revision, session = self.store.load(sid)
            if session is None:
                return 401
            changed = await self.app(path, session)
            if self.store.replace_if(sid, revision, changed):
                return 200
            self.retries += 1


async def main():
    store = Store()
    store.create("s1", {"hits": 0})
    store.create("s2", {"hits": 0})

    async def app(path, session):
        await anyio.sleep(0.08 if path == "/slow" else 0.02)
        return {**session, "hits": session["hits"] + 1}

    stack = SessionMiddleware(app, store)
    status = {}

    async def client(key, sid, path, delay):
        await anyio.sleep(delay)
        status[key] = await stack(sid, path)

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, "slow1", "s1", "/slow", 0)
        tg.start_soon(client, "slow2", "s2", "/slow", 0)
        tg.start_soon(client, "fast2", "s2", "/fast", 0.02)
        await anyio.sleep(0.04)
        store.destroy("s1")
    return {"status": status, "s1": store.load("s1")[1], "s2": store.load("s2")[1]}


def damage(state):
    return state["s1"] is not None or state["s2"] != {"hits": 2}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
