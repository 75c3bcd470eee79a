"""Web controller kept as a singleton that stores the current user of the request on itself.
RACE: request state on a singleton - ProfileController._authenticate stores `self.user` for its request (# READ marks the
check made on it), the database is awaited, then `self.user` is used again (# ACT) and belongs to another request.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass
class Request:
    token: str
    path: str = "/profile"


@dataclass
class Response:
    token: str
    body: str


class UserTable:
    tokens = {"t-ann": "ann", "t-bob": "bob"}

    def __init__(self):
        self.emails = {"ann": "ann@example.org", "bob": "bob@example.org"}

    async def touch(self, user):
        await anyio.sleep(0.08 if user == "ann" else 0.02)


class ProfileController:
    def __init__(self, table):
        self.table = table
        self.user = None

    def _authenticate(self, request):
        self.user = self.table.tokens.get(request.token)

    def _render(self):
        return f"mail: {self.table.emails[self.user]}"  # ACT

    async def handle(self, request):
        self._authenticate(request)
        if self.user is None:  # READ
            return Response(request.token, "forbidden")
        await self.table.touch(self.user)
        return Response(request.token, self._render())


class App:
    def __init__(self, controller):
        self.controller = controller
        self.responses = []

    async def serve(self, request, start):
        await anyio.sleep(start)
        self.responses.append(await self.controller.handle(request))


def damage(app) -> bool:
    return any(r.token[2:] not in r.body for r in app.responses)


async def main():
    app = App(ProfileController(UserTable()))
    async with anyio.create_task_group() as tg:
        tg.start_soon(app.serve, Request("t-ann"), 0)
        tg.start_soon(app.serve, Request("t-bob"), 0.04)
    print(app.responses, "damage", damage(app))
    return app


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
