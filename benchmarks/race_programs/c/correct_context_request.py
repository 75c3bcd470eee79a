"""Tiny web framework with one handler object per route.
CORRECT: per-task state - the current request lives in a context variable and not on the shared handler
"""

from contextvars import ContextVar
from dataclasses import dataclass

import anyio


@dataclass
class Request:
    path: str
    cookie: str
    user: str | None = None


SESSIONS = {"c-alice": "alice", "c-bob": "bob"}
_current: ContextVar[Request] = ContextVar("request")


class BaseHandler:
    def __init__(self) -> None:
        self.served = 0

    @property
    def request(self) -> Request:
        return _current.get()

    @property
    def user(self) -> str | None:
        return self.request.user

    async def dispatch(self, request: Request) -> str:
        token = _current.set(request)
        try:
            request.user = SESSIONS.get(request.cookie)
            self.served += 1
            return await self.get()
        finally:
            _current.reset(token)

    async def get(self) -> str:
        raise NotImplementedError


class UserHandler(BaseHandler):
    async def get(self) -> str:
        await self._load_theme()
        return f"<h1>Hello {self.user}</h1>"

    async def _load_theme(self) -> None:
        await anyio.sleep(0.02)


async def main():
    routes = {"/me": UserHandler()}
    pages: dict[str, str] = {}

    async def browser(name: str, delay: float) -> None:
        await anyio.sleep(delay)
        request = Request("/me", f"c-{name}")
        pages[name] = await routes[request.path].dispatch(request)

    async with anyio.create_task_group() as tg:
        tg.start_soon(browser, "alice", 0)
        tg.start_soon(browser, "bob", 0.01)
    return {"pages": pages, "served": routes["/me"].served}


def damage(state) -> bool:
    return any(name not in page for name, page in state["pages"].items()) or state["served"] != 2


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
