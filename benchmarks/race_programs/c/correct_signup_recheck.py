"""Sign-up endpoint of a forum that wants unique nick names.
CORRECT: re-check after the await - the insert itself refuses a duplicate, the early check only saves the hash
"""

import hashlib
from dataclasses import dataclass

import anyio


class Duplicate(Exception):
    pass


@dataclass(frozen=True)
class Account:
    id: int
    nick: str
    digest: str


class Accounts:
    def __init__(self) -> None:
        self._rows: list[Account] = []

    def exists(self, nick: str) -> bool:
        return any(row.nick == nick for row in self._rows)

    def insert(self, nick: str, digest: str) -> Account:
        if self.exists(nick):
            raise Duplicate(nick)
        row = Account(len(self._rows) + 1, nick, digest)
        self._rows.append(row)
        return row

    def all_nicks(self) -> list[str]:
        return [row.nick for row in self._rows]


async def slow_hash(password: str) -> str:
    await anyio.sleep(0.02)
    return hashlib.sha256(password.encode()).hexdigest()


async def signup(repo: Accounts, nick: str, password: str) -> int:
    nick = nick.lower()
    if repo.exists(nick):
        return 409
    digest = await slow_hash(password)
    try:
        repo.insert(nick, digest)
    except Duplicate:
        return 409
    return 201


async def main():
    repo = Accounts()
    codes = []

    async def client(delay: float, nick: str) -> None:
        await anyio.sleep(delay)
        codes.append(await signup(repo, nick, "hunter2"))

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, 0, "Neo")
        tg.start_soon(client, 0.005, "neo")
        tg.start_soon(client, 0.06, "trinity")
    return {"nicks": repo.all_nicks(), "codes": sorted(codes)}


def damage(state) -> bool:
    return sorted(state["nicks"]) != ["neo", "trinity"] or state["codes"] != [201, 201, 409]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
