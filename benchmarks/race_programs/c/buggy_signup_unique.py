"""Sign-up endpoint of a forum that wants unique nick names.
RACE: check-then-act (uniqueness) - Accounts.exists in validate, Accounts.insert after the password hash
"""

import hashlib
from dataclasses import dataclass

import anyio


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
        row = Account(len(self._rows) + 1, nick, digest)
        self._rows.append(row)
        return row

    def all_nicks(self) -> list[str]:
        return [row.nick for row in self._rows]


class SignupForm:
    def __init__(self, repo: Accounts, data: dict) -> None:
        self.repo = repo
        self.data = data
        self.errors: list[str] = []

    def validate(self) -> bool:
        if len(self.data["password"]) < 4:
            self.errors.append("password too short")
        if self.repo.exists(self.data["nick"].lower()):
            self.errors.append("nick taken")
        return not self.errors

    async def save(self) -> Account:
        digest = await slow_hash(self.data["password"])
        return self.repo.insert(self.data["nick"].lower(), digest)


async def slow_hash(password: str) -> str:
    await anyio.sleep(0.05)
    return hashlib.sha256(password.encode()).hexdigest()


async def signup(repo: Accounts, data: dict) -> int:
    form = SignupForm(repo, data)
    if not form.validate():
        return 422
    await form.save()
    return 201


async def main():
    repo = Accounts()
    codes = []

    async def client(delay: float, nick: str) -> None:
        await anyio.sleep(delay)
        codes.append(await signup(repo, {"nick": nick, "password": "hunter2"}))

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, 0, "Neo")
        tg.start_soon(client, 0.005, "neo")
        tg.start_soon(client, 0.1, "trinity")
    return {"nicks": repo.all_nicks(), "codes": sorted(codes)}


def damage(state) -> bool:
    return len(state["nicks"]) != len(set(state["nicks"]))


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
