"""OAuth client with a rotating refresh token: each refresh revokes the previous token.

RACE: check-then-act - `if self.token.expired` in auth_header() is read by two requests,
both await refresh() with the same one-time refresh token; the second is treated as
reuse by the server, and the whole family is revoked.
"""
import anyio


class Token:
    def __init__(self, access, refresh, expired=False):
        self.access = access
        self.refresh = refresh
        self.expired = expired


class AuthServer:
    def __init__(self):
        self.valid_refresh = "r0"
        self.serial = 0
        self.revoked = False

    async def exchange(self, refresh_token):
        await anyio.sleep(0.03)
        if refresh_token != self.valid_refresh:
            self.revoked = True
            raise PermissionError("refresh token reuse")
        self.serial += 1
        self.valid_refresh = f"r{self.serial}"
        serial = self.serial
        await anyio.sleep(0.03)
        return Token(f"a{serial}", f"r{serial}")


class Client:
    def __init__(self, server):
        self.server = server
        self.token = Token("a0", "r0", expired=True)

    async def refresh(self):
        self.token = await self.server.exchange(self.token.refresh)

    async def auth_header(self):
        if self.token.expired:
            await self.refresh()
        return f"Bearer {self.token.access}"


async def main():
    server = AuthServer()
    client = Client(server)
    results = []

    async def call(delay):
        await anyio.sleep(delay)
        try:
            results.append(await client.auth_header())
        except PermissionError as exc:
            results.append(str(exc))

    async with anyio.create_task_group() as tg:
        tg.start_soon(call, 0)
        tg.start_soon(call, 0.01)
        tg.start_soon(call, 0.14)
    return {"revoked": server.revoked, "results": results}


def damage(state):
    return state["revoked"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
