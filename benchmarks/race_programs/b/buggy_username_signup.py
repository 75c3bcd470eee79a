"""Sign-up handler with unique user names.

RACE: check-then-act - `if users.get(name)` in SignUp.post() reads, the password hash
is awaited, `users[name] = account` acts; the second sign-up replaces the first account.
"""
from dataclasses import dataclass

import anyio


@dataclass(slots=True)
class Account:
    name: str
    email: str
    digest: str


class Response:
    def __init__(self, status, **body):
        self.status = status
        self.body = body


class HashPool:
    async def derive(self, password):
        await anyio.sleep(0.06)
        return password[::-1]


class SignUp:
    def __init__(self, users, pool):
        self.users = users
        self.pool = pool

    async def post(self, form):
        name = form["name"].lower()
        if self.users.get(name):
            return Response(409, error="taken")
        digest = await self.pool.derive(form["password"])
        self.users[name] = Account(name, form["email"], digest)
        return Response(201, name=name)


async def main():
    users = {"root": Account("root", "root@x", "")}
    view = SignUp(users, HashPool())
    created = []

    async def browser(email, delay):
        await anyio.sleep(delay)
        form = {"name": "Sam", "email": email, "password": "pw" + email}
        response = await view.post(form)
        if response.status == 201:
            created.append(email)

    async with anyio.create_task_group() as tg:
        tg.start_soon(browser, "sam@one", 0)
        tg.start_soon(browser, "sam@two", 0.03)
        tg.start_soon(browser, "sam@three", 0.15)
    return {"created": created, "stored": users["sam"].email}


def damage(state):
    return len(state["created"]) > 1


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
