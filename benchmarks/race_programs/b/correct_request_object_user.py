"""REST resource class: the router keeps one instance and calls it for all requests.

SAFE BECAUSE: the user is carried by the request object, one per request; the resource
singleton keeps only a statistics counter, which is incremented without an await
between reading and writing.
"""
import anyio


class Request:
    __slots__ = ("headers", "user")

    def __init__(self, headers):
        self.headers = headers
        self.user = None


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
        self.served = 0

    def authenticate(self, request):
        request.user = request.headers["authorization"].removeprefix("Bearer ")

    def _owned(self, request, rows):
        return [r for r in rows if r["owner"] == request.user]


class Orders(Resource):
    async def get(self, request, delay):
        self.authenticate(request)
        rows = await self.db.select(delay)
        self.served += 1
        return {"orders": self._owned(request, rows)}


async def main():
    resource = Orders(Database())
    answers = {}

    async def client(user, start, delay):
        await anyio.sleep(start)
        request = Request({"authorization": f"Bearer {user}"})
        answers[user] = await resource.get(request, delay)

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, "alice", 0, 0.1)
        tg.start_soon(client, "bob", 0.04, 0.1)
        tg.start_soon(client, "carol", 0.04, 0.02)
    return {"answers": answers, "served": resource.served}


def damage(state):
    wrong = any(r["owner"] != u for u, body in state["answers"].items() for r in body["orders"])
    return wrong or state["served"] != 3 or len(state["answers"]["alice"]["orders"]) != 2


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
