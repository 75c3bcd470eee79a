"""ML inference server: requests are collected and predicted in batches.

SAFE BECAUSE: run_batch() copies the prefix, awaits the model and deletes exactly
`len(batch)` items from the front. Producers only append at the end, and the one serve()
task is the only one that deletes, so the prefix is still the batch.
"""
import anyio


class Request:
    __slots__ = ("x", "done", "y")

    def __init__(self, x):
        self.x = x
        self.done = anyio.Event()
        self.y = None

    def answer(self, y):
        self.y = y
        self.done.set()


class Model:
    async def predict(self, xs):
        await anyio.sleep(0.06)
        return [x * x for x in xs]


class Batcher:
    def __init__(self, model, size):
        self.model = model
        self.size = size
        self.pending = []
        self.batches = []
        self.closing = False

    async def submit(self, x):
        request = Request(x)
        self.pending.append(request)
        await request.done.wait()
        return request.y

    async def run_batch(self):
        batch = self.pending[: self.size]
        ys = await self.model.predict([r.x for r in batch])
        for request, y in zip(batch, ys, strict=True):
            request.answer(y)
        del self.pending[: len(batch)]
        self.batches.append(len(batch))

    async def serve(self):
        while self.pending or not self.closing:
            if self.pending:
                await self.run_batch()
            else:
                await anyio.sleep(0.01)


async def main():
    batcher = Batcher(Model(), size=2)
    answers = {}

    async def client(x, delay):
        await anyio.sleep(delay)
        answers[x] = await batcher.submit(x)

    async with anyio.create_task_group() as server:
        server.start_soon(batcher.serve)
        async with anyio.create_task_group() as clients:
            for x, delay in [(1, 0), (2, 0.03), (3, 0.04), (4, 0.05), (5, 0.1)]:
                clients.start_soon(client, x, delay)
        batcher.closing = True
    return {"answers": answers, "served": sum(batcher.batches), "left": len(batcher.pending)}


def damage(state):
    return state != {"answers": {x: x * x for x in (1, 2, 3, 4, 5)}, "served": 5, "left": 0}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
