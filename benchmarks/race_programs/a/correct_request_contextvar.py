"""Web controller kept as a singleton; the current user is exposed as if it were an attribute of the controller.
SAFE BECAUSE: `user` is a property over a ContextVar, so each task sees its own value; the only real shared attributes are
a counter increased with `+=` and a `last_seen` note of which only the latest value matters.
"""
import sys
from contextvars import ContextVar
from dataclasses import dataclass

import anyio

_user = ContextVar("user", default=None)


@dataclass
class Request:
    token: str


@dataclass
class Response:
    token: str
    body: str


class UserTable:
    tokens = {"t-ann": "ann", "t-bob": "bob", "t-cid": "cid"}

    async def touch(self, user):
        await anyio.sleep(0.02 if user == "ann" else 0.005)

    def email(self, user):
        return f"{user}@example.org"


class ProfileController:
    def __init__(self, table):
        self.table = table
        self.served = 0
        self.last_seen = None

    @property
    def user(self):
        return _user.get()

    @user.setter
    def user(self, name):
        _user.set(name)

    def _authenticate(self, request):
        self.user = self.table.tokens.get(request.token)
        self.last_seen = self.user

    def _render(self):
        return f"mail: {self.table.email(self.user)}"

    async def handle(self, request):
        self._authenticate(request)
        if self.user is None:
            return Response(request.token, "forbidden")
        await self.table.touch(self.user)
        self.served += 1
        return Response(request.token, self._render())


class App:
    def __init__(self, controller):
        self.controller = controller
        self.responses = []

    async def serve(self, request, start):
        await anyio.sleep(start)
        self.responses.append(await self.controller.handle(request))


def damage(app) -> bool:
    return any(r.token[2:] not in r.body for r in app.responses) or app.controller.served != 3


async def main():
    app = App(ProfileController(UserTable()))
    async with anyio.create_task_group() as tg:
        tg.start_soon(app.serve, Request("t-ann"), 0)
        tg.start_soon(app.serve, Request("t-bob"), 0.01)
        tg.start_soon(app.serve, Request("t-cid"), 0.012)
    print(app.responses, app.controller.served, "damage", damage(app))
    return app


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
