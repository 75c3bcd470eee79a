"""OAuth client with rotating refresh tokens; the access token is renewed when it is expired.
SAFE BECAUSE: the expiry is tested again after the lock was acquired (double-checked), so one task spends the refresh
token and the others use the grant it stored.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Grant:
    access: str
    refresh: str
    uses_left: int

    @property
    def expired(self):
        return self.uses_left <= 0


class Provider:
    def __init__(self):
        self.used = set()
        self.revoked = False
        self.serial = 0

    async def exchange(self, refresh):
        await anyio.sleep(0.01)
        if refresh in self.used:
            self.revoked = True
            return None
        self.used.add(refresh)
        self.serial += 1
        return Grant(f"access-{self.serial}", f"refresh-{self.serial}", 3)


class TokenManager:
    def __init__(self, provider, grant):
        self.provider = provider
        self.token = grant
        self._lock = anyio.Lock()

    def _consume(self):
        token = self.token
        self.token = Grant(token.access, token.refresh, token.uses_left - 1)
        return token.access

    async def authorize(self):
        while self.token.expired:
            async with self._lock:
                if self.token.expired:
                    self.token = await self.provider.exchange(self.token.refresh)
        return {"Authorization": self._consume()}


class Client:
    def __init__(self, tokens):
        self.tokens = tokens
        self.log = []

    async def get(self, url, start):
        await anyio.sleep(start)
        headers = await self.tokens.authorize()
        await anyio.sleep(0.001)
        self.log.append((url, headers["Authorization"]))


def damage(client) -> bool:
    return client.tokens.provider.revoked or len(client.log) != 5


async def main():
    client = Client(TokenManager(Provider(), Grant("old", "refresh-0", 0)))
    async with anyio.create_task_group() as tg:
        for i in range(5):
            tg.start_soon(client.get, f"/orders/{i}", 0.004 * i)
    print(client.log, client.tokens.provider.serial, "damage", damage(client))
    return client


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
