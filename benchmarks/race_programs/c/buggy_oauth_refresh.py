"""API client with OAuth: refresh tokens can be used only once.
RACE: check-then-act - TokenStore.expired checked in ApiClient.headers, renewed in ApiClient._renew after the round trip
"""

from dataclasses import dataclass

import anyio


@dataclass
class Token:
    access: str
    refresh: str
    expires_in: int


class AuthServer:
    def __init__(self) -> None:
        self.valid_refresh = {"r0"}
        self.issued = 0
        self.revoked = False

    async def refresh(self, refresh_token: str) -> Token:
        await anyio.sleep(0.02)
        if refresh_token not in self.valid_refresh:
            self.revoked = True
            raise PermissionError("refresh token reuse detected")
        self.valid_refresh.remove(refresh_token)
        self.issued += 1
        self.valid_refresh.add(f"r{self.issued}")
        return Token(f"a{self.issued}", f"r{self.issued}", 3600)


class TokenStore:
    def __init__(self, token: Token) -> None:
        self.token = token

    def expired(self) -> bool:
        return self.token.expires_in <= 0


class ApiClient:
    def __init__(self, server: AuthServer, store: TokenStore) -> None:
        self.server = server
        self.store = store

    async def _renew(self) -> None:
        self.store.token = await self.server.refresh(self.store.token.refresh)

    async def headers(self) -> dict[str, str]:
        if self.store.expired():
            await self._renew()
        return {"Authorization": f"Bearer {self.store.token.access}"}


async def main():
    server = AuthServer()
    client = ApiClient(server, TokenStore(Token("a0", "r0", 0)))
    outcome: list[str] = []

    async def call(path: str) -> None:
        try:
            headers = await client.headers()
            outcome.append(f"{path} {headers['Authorization']}")
        except PermissionError as exc:
            outcome.append(f"{path} {exc}")

    async with anyio.create_task_group() as tg:
        tg.start_soon(call, "/me")
        tg.start_soon(call, "/repos")
    return {"revoked": server.revoked, "outcome": outcome}


def damage(state) -> bool:
    return state["revoked"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
