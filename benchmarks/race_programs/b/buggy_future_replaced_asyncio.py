"""RPC client over one connection: the reply future is kept in an attribute.

RACE: replaced future - call() stores `self.reply = Future()` and awaits it; a second call
replaces self.reply before the first answer, so on_frame() gives the first answer to the
second call, and the first caller waits until its timeout.
"""
import asyncio


class Transport:
    def __init__(self, latency):
        self.latency = latency
        self.on_frame = None
        self.tasks = set()

    def send(self, frame):
        task = asyncio.get_running_loop().create_task(self._answer(frame))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, frame):
        await asyncio.sleep(self.latency)
        self.on_frame(f"re:{frame}")


class RpcClient:
    def __init__(self, transport):
        self.transport = transport
        self.transport.on_frame = self.on_frame
        self.reply = None

    def on_frame(self, frame):
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(frame)

    async def call(self, method, timeout=0.3):
        self.reply = asyncio.get_running_loop().create_future()
        self.transport.send(method)
        try:
            return await asyncio.wait_for(self.reply, timeout)
        except TimeoutError:
            return "timeout"


async def main():
    client = RpcClient(Transport(0.08))
    answers = {}

    async def user(method, delay):
        await asyncio.sleep(delay)
        answers[method] = await client.call(method)

    async with asyncio.TaskGroup() as tg:
        tg.create_task(user("ping", 0))
        tg.create_task(user("stat", 0.04))
    return answers


def damage(state):
    return any(answer != f"re:{method}" for method, answer in state.items())


if __name__ == "__main__":
    result = asyncio.run(main())
    print(result, "DAMAGE" if damage(result) else "ok")
