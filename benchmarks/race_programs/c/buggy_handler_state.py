"""Tiny web framework with one handler object per route.
RACE: request state on a shared object - UserHandler.prepare stores self.request/self.user, render reads them later
"""

from dataclasses import dataclass

import anyio


@dataclass
class Request:
    path: str
    cookie: str


SESSIONS = {"c-alice": "alice", "c-bob": "bob"}


class BaseHandler:
    def __init__(self) -> None:
        self.request: Request | None = None
        self.user: str | None = None

    async def prepare(self, request: Request) -> None:
        self.request = request
        self.user = SESSIONS.get(request.cookie)

    async def dispatch(self, request: Request) -> str:
        await self.prepare(request)
        return await self.get()

    async def get(self) -> str:
        raise NotImplementedError


class UserHandler(BaseHandler):
    async def get(self) -> str:
        await self._load_theme()
        return self.render()

    async def _load_theme(self) -> None:
        await anyio.sleep(0.06)

    def render(self) -> str:
        return f"<h1>Hello {self.user}</h1>"


class App:
    def __init__(self) -> None:
        self.routes = {"/me": UserHandler()}

    async def __call__(self, request: Request) -> str:
        return await self.routes[request.path].dispatch(request)


async def main():
    app = App()
    pages: dict[str, str] = {}

    async def browser(name: str, delay: float) -> None:
        await anyio.sleep(delay)
        pages[name] = await app(Request("/me", f"c-{name}"))

    async with anyio.create_task_group() as tg:
        tg.start_soon(browser, "alice", 0)
        tg.start_soon(browser, "bob", 0.01)
    return pages


def damage(state) -> bool:
    return any(name not in page for name, page in state.items())


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
