"""Sign-up handler with unique user names.

SAFE BECAUSE: the early `in` test is only for a quick answer (names are never freed, so a
"taken" is final); the decision falls after the password hash in one step with
setdefault(), and only the request whose own object was stored answers 201.
"""
from dataclasses import dataclass

import anyio


@dataclass(slots=True, eq=False)
class Account:
    name: str
    email: str
    digest: str


class HashPool:
    async def derive(self, password):
        await anyio.sleep(0.06)
        return password[::-1]


class SignUp:
    def __init__(self, users, pool):
        self.users = users
        self.pool = pool
        self.mails = []

    async def post(self, form):
        name = form["name"].lower()
        if name in self.users:
            return 409
        digest = await self.pool.derive(form["password"])
        account = Account(name, form["email"], digest)
        if self.users.setdefault(name, account) is not account:
            return 409
        self.mails.append(account.email)
        return 201


async def main():
    users = {"root": Account("root", "root@x", "")}
    view = SignUp(users, HashPool())
    status = {}

    async def browser(name, email, delay):
        await anyio.sleep(delay)
        status[email] = await view.post({"name": name, "email": email, "password": "pw"})

    async with anyio.create_task_group() as tg:
        tg.start_soon(browser, "Sam", "sam@one", 0)
        tg.start_soon(browser, "sam", "sam@two", 0.03)
        tg.start_soon(browser, "SAM", "sam@three", 0.12)
        tg.start_soon(browser, "Tom", "tom@one", 0.03)
    return {"status": status, "stored": users["sam"].email, "mails": view.mails}


def damage(state):
    created = {e for e, s in state["status"].items() if s == 201}
    return created != {state["stored"], "tom@one"} or sorted(created) != sorted(state["mails"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
