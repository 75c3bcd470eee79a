"""OAuth client with rotating refresh tokens; the access token is renewed when it is expired.
RACE: check-then-act - TokenManager.authorize checks `self.token.expired` (# READ), awaits the refresh round trip and
then stores the new grant (# ACT); two tasks spend the same refresh token and the provider revokes the family.
"""
import sys
from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Grant:
    access: str
    refresh: str
    expired: bool = False


class Provider:
    """Revokes the whole token family when a refresh token is used twice."""

    def __init__(self):
        self.used = set()
        self.revoked = False
        self.serial = 0

    async def exchange(self, refresh):
        await anyio.sleep(0.04)
        if refresh in self.used:
            self.revoked = True
            return None
        self.used.add(refresh)
        self.serial += 1
        return Grant(f"access-{self.serial}", f"refresh-{self.serial}")


class TokenManager:
    def __init__(self, provider, grant):
        self.provider = provider
        self.token = grant
        self.failures = 0

    def _store(self, grant):
        if grant is None:
            self.failures += 1
        else:
            self.token = grant  # ACT

    async def authorize(self):
        if self.token.expired:  # READ
            self._store(await self.provider.exchange(self.token.refresh))
        return {"Authorization": f"Bearer {self.token.access}"}


class Client:
    def __init__(self, tokens):
        self.tokens = tokens
        self.log = []

    async def get(self, url):
        headers = await self.tokens.authorize()
        await anyio.sleep(0.004)
        self.log.append((url, headers["Authorization"]))


def damage(manager) -> bool:
    return manager.provider.revoked


async def main():
    manager = TokenManager(Provider(), Grant("old", "refresh-0", expired=True))
    client = Client(manager)
    async with anyio.create_task_group() as tg:
        tg.start_soon(client.get, "/me")
        tg.start_soon(client.get, "/orders")
    print("failures", manager.failures, "revoked", manager.provider.revoked, "damage", damage(manager))
    return manager


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
