"""Session middleware with a store: load, run the handler, save.

RACE: vanished item - Middleware.__call__ reads the session with `store.load(sid)`,
the handler awaits, and `store.save(sid, session)` puts back a session that a logout
deleted meanwhile: the user is logged in again.
"""
import anyio


class Store:
    def __init__(self):
        self._data = {}

    def load(self, sid):
        return dict(self._data.get(sid) or {})

    def save(self, sid, session):
        self._data[sid] = dict(session)

    def destroy(self, sid):
        self._data.pop(sid, None)

    def __contains__(self, sid):
        return sid in self._data


class Request:
    def __init__(self, sid, path):
        self.sid = sid
        self.path = path
        self.session = None


class SessionMiddleware:
    def __init__(self, app, store):
        self.app = app
        self.store = store

    async def __call__(self, request):
        request.session = self.store.load(request.sid)
        if not request.session:
            return 401
        status = await self.app(request)
        if request.path != "/logout":
            self.store.save(request.sid, request.session)
        return status


async def main():
    store = Store()
    store.save("s1", {"user": "kim", "hits": 0})

    async def app(request):
        if request.path == "/logout":
            await anyio.sleep(0.01)
            store.destroy(request.sid)
            return 204
        request.session["hits"] += 1
        await anyio.sleep(0.1)
        return 200

    stack = SessionMiddleware(app, store)

    async def client(path, delay):
        await anyio.sleep(delay)
        await stack(Request("s1", path))

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, "/report", 0)
        tg.start_soon(client, "/logout", 0.04)
    return {"alive": "s1" in store}


def damage(state):
    return state["alive"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
