"""OAuth client with a rotating refresh token: each refresh revokes the previous token.

SAFE BECAUSE: auth_header() checks the expiry again inside the refresh lock; who waited for
the lock finds the new token and does not use the old refresh token a second time. The
token is an immutable tuple that is replaced as a whole.
"""
from typing import NamedTuple

import anyio


class Token(NamedTuple):
    access: str
    refresh: str
    expires: float


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
        serial = self.serial
        self.valid_refresh = f"r{serial}"
        await anyio.sleep(0.03)
        return Token(f"a{serial}", f"r{serial}", anyio.current_time() + 60)


class Client:
    def __init__(self, server):
        self.server = server
        self.token = Token("a0", "r0", 0.0)
        self._refreshing = anyio.Lock()

    @property
    def expired(self):
        return self.token.expires <= anyio.current_time()

    async def auth_header(self):
        if self.expired:
            async with self._refreshing:
                if self.expired:
                    self.token = await self.server.exchange(self.token.refresh)
        return f"Bearer {self.token.access}"


async def main():
    server = AuthServer()
    client = Client(server)
    results = []

    async def call(delay):
        await anyio.sleep(delay)
        results.append(await client.auth_header())

    async def expire_early(delay):
        await anyio.sleep(delay)
        client.token = client.token._replace(expires=0.0)

    async with anyio.create_task_group() as tg:
        tg.start_soon(call, 0)
        tg.start_soon(call, 0.03)
        tg.start_soon(expire_early, 0.11)
        tg.start_soon(call, 0.15)
        tg.start_soon(call, 0.18)
    return {"revoked": server.revoked, "exchanges": server.serial, "results": results}


def damage(state):
    return state["revoked"] or state["exchanges"] > 2 or len(state["results"]) != 4


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
