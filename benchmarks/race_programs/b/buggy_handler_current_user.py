"""REST resource class: the router keeps one instance and calls it for all requests.

RACE: request state on a singleton - get() writes `self.user`, awaits the database and
`self._owned(rows)` reads self.user again, which by then is another request's user:
the wrong customer's orders are returned.
"""
import anyio


class Database:
    rows = [
        {"id": 1, "owner": "alice", "item": "lamp"},
        {"id": 2, "owner": "bob", "item": "desk"},
        {"id": 3, "owner": "alice", "item": "sofa"},
    ]

    async def select(self, delay):
        await anyio.sleep(delay)
        return [dict(r) for r in self.rows]


class Resource:
    def __init__(self, db):
        self.db = db
        self.user = None

    def authenticate(self, headers):
        self.user = headers["authorization"].removeprefix("Bearer ")

    def _owned(self, rows):
        return [r for r in rows if r["owner"] == self.user]


class Orders(Resource):
    async def get(self, headers, delay):
        self.authenticate(headers)
        rows = await self.db.select(delay)
        return {"orders": self._owned(rows)}


class Router:
    def __init__(self):
        self.routes = {}

    def add(self, path, resource):
        self.routes[path] = resource

    async def dispatch(self, path, headers, delay):
        return await self.routes[path].get(headers, delay)


async def main():
    router = Router()
    router.add("/orders", Orders(Database()))
    answers = {}

    async def client(user, start, delay):
        await anyio.sleep(start)
        headers = {"authorization": f"Bearer {user}"}
        answers[user] = await router.dispatch("/orders", headers, delay)

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, "alice", 0, 0.1)
        tg.start_soon(client, "bob", 0.04, 0.1)
    return answers


def damage(state):
    return any(row["owner"] != user for user, body in state.items() for row in body["orders"])


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
