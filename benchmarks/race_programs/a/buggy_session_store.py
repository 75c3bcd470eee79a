"""Web session middleware that loads a copy of the session, runs the handler and stores the copy back.
RACE: lost update - SessionMiddleware.dispatch loads a copy (# READ in SessionStore.load), awaits the handler,
then saves the complete copy (# ACT in SessionStore.save); keys written by a parallel request vanish.
"""
import sys

import anyio


class SessionStore:
    def __init__(self):
        self._data = {}

    def load(self, sid):
        return dict(self._data.get(sid, {}))  # READ

    def save(self, sid, session):
        self._data[sid] = session  # ACT

    def peek(self, sid):
        return self._data[sid]


class Request:
    __slots__ = ("sid", "path", "form", "session")

    def __init__(self, sid, path, form):
        self.sid = sid
        self.path = path
        self.form = form
        self.session = None


class SessionMiddleware:
    def __init__(self, store, app):
        self.store = store
        self.app = app

    async def dispatch(self, request):
        request.session = self.store.load(request.sid)
        try:
            return await self.app(request)
        finally:
            self.store.save(request.sid, request.session)


ROUTES = {}


def route(path):
    def register(fn):
        ROUTES[path] = fn
        return fn

    return register


@route("/cart/add")
async def add_to_cart(request):
    await anyio.sleep(0.04)
    cart = request.session.setdefault("cart", [])
    cart = cart + [request.form["sku"]]
    request.session["cart"] = cart
    return "added"


@route("/theme")
async def set_theme(request):
    await anyio.sleep(0.12)
    request.session["theme"] = request.form["theme"]
    return "theme set"


async def app(request):
    return await ROUTES[request.path](request)


def damage(session) -> bool:
    return session.get("cart") != ["book-1"] or session.get("theme") != "dark"


async def main():
    store = SessionStore()
    store.save("s1", {"user": "ann"})
    middleware = SessionMiddleware(store, app)
    async with anyio.create_task_group() as tg:
        tg.start_soon(middleware.dispatch, Request("s1", "/theme", {"theme": "dark"}))
        tg.start_soon(middleware.dispatch, Request("s1", "/cart/add", {"sku": "book-1"}))
    session = store.peek("s1")
    print("session", session, "damage", damage(session))
    return session


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
