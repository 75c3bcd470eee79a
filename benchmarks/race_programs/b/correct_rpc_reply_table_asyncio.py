"""RPC client over one connection: each call has its own future in a table.

SAFE BECAUSE: call() takes a number that is never used again and registers its future under it
before sending; on_frame() pops exactly this future. A late answer after a timeout finds
no entry and is ignored.
"""
import asyncio
import itertools


class Transport:
    def __init__(self, latencies):
        self.latencies = latencies
        self.on_frame = None
        self.tasks = set()

    def send(self, number, method):
        task = asyncio.get_running_loop().create_task(self._answer(number, method))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, number, method):
        await asyncio.sleep(self.latencies[method])
        self.on_frame(number, f"re:{method}")


class RpcClient:
    def __init__(self, transport):
        self.transport = transport
        self.transport.on_frame = self.on_frame
        self.numbers = itertools.count(1)
        self.replies = {}
        self.ignored = 0

    def on_frame(self, number, frame):
        future = self.replies.pop(number, None)
        if future is None or future.done():
            self.ignored += 1
        else:
            future.set_result(frame)

    async def call(self, method, timeout=0.2):
        number = next(self.numbers)
        future = asyncio.get_running_loop().create_future()
        self.replies[number] = future
        self.transport.send(number, method)
        try:
            return await asyncio.wait_for(future, timeout)
        except TimeoutError:
            return "timeout"
        finally:
            self.replies.pop(number, None)


async def main():
    client = RpcClient(Transport({"ping": 0.09, "stat": 0.03, "dump": 0.3}))
    answers = {}

    async def user(method, delay):
        await asyncio.sleep(delay)
        answers[method] = await client.call(method)

    async with asyncio.TaskGroup() as tg:
        tg.create_task(user("ping", 0))
        tg.create_task(user("stat", 0.03))
        tg.create_task(user("dump", 0))
        tg.create_task(asyncio.sleep(0.35))
    return {"answers": answers, "ignored": client.ignored, "left": len(client.replies)}


def damage(state):
    return state != {"answers": {"ping": "re:ping", "stat": "re:stat", "dump": "timeout"}, "ignored": 1, "left": 0}


if __name__ == "__main__":
    result = asyncio.run(main())
    print(result, "DAMAGE" if damage(result) else "ok")
