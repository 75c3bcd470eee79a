"""Outbox relay: peek at the head, deliver, then pop (at least once delivery).

RACE: check-then-act - relay_one() reads `message = self.outbox[0]`, awaits the delivery,
then `self.outbox.popleft()`; two relays deliver the same head (a duplicate), and the
second popleft removes a message other than the one its relay has delivered.
"""
from collections import deque

import anyio


class Webhook:
    def __init__(self, latency):
        self.latency = latency
        self.received = []

    async def post(self, message):
        await anyio.sleep(self.latency)
        self.received.append(message)
        return 200


class Outbox:
    def __init__(self, hook):
        self.hook = hook
        self.outbox = deque()
        self.retries = 0

    def publish(self, *messages):
        self.outbox.extend(messages)

    async def relay_one(self):
        message = self.outbox[0]
        status = await self.hook.post(message)
        if status == 200 and self.outbox:
            self.outbox.popleft()
        else:
            self.retries += 1

    async def relay(self):
        while self.outbox:
            await self.relay_one()


async def start_relay(outbox, delay):
    await anyio.sleep(delay)
    await outbox.relay()


async def main():
    hook = Webhook(0.06)
    outbox = Outbox(hook)
    outbox.publish("order-1", "order-2", "order-3", "order-4")
    async with anyio.create_task_group() as tg:
        tg.start_soon(start_relay, outbox, 0)
        tg.start_soon(start_relay, outbox, 0.03)
    return {"received": hook.received, "left": list(outbox.outbox)}


def damage(state):
    return len(state["received"]) != len(set(state["received"]))


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
