"""ML inference server: requests are collected and predicted in batches.

RACE: reset after await - run_batch() takes `batch = self.pending` (the live list), awaits
the model with the inputs of that moment, then `self.pending = []`; a request that came in
during the prediction is dropped and its client times out.
"""
import anyio


class Request:
    def __init__(self, x):
        self.x = x
        self.done = anyio.Event()
        self.y = None

    def answer(self, y):
        self.y = y
        self.done.set()


class Model:
    async def predict(self, xs):
        await anyio.sleep(0.07)
        return [x * x for x in xs]


class Batcher:
    def __init__(self, model, window):
        self.model = model
        self.window = window
        self.pending = []
        self.batches = []

    async def submit(self, x, timeout):
        request = Request(x)
        self.pending.append(request)
        with anyio.move_on_after(timeout):
            await request.done.wait()
        return request.y

    async def run_batch(self):
        batch = self.pending
        if not batch:
            return
        ys = await self.model.predict([r.x for r in batch])
        for request, y in zip(batch, ys):
            request.answer(y)
        self.batches.append(len(ys))
        self.pending = []

    async def serve(self, rounds):
        for _ in range(rounds):
            await anyio.sleep(self.window)
            await self.run_batch()


async def main():
    batcher = Batcher(Model(), window=0.03)
    answers = {}

    async def client(x, delay):
        await anyio.sleep(delay)
        answers[x] = await batcher.submit(x, timeout=0.35)

    async with anyio.create_task_group() as tg:
        tg.start_soon(batcher.serve, 4)
        tg.start_soon(client, 2, 0)
        tg.start_soon(client, 3, 0.065)
    return answers


def damage(state):
    return any(y is None for y in state.values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
