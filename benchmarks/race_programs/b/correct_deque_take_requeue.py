"""Outbox relay: take a message, deliver it, put it back if the delivery failed.

SAFE BECAUSE: the relay pops the head before it awaits, so two relays never hold the same
message; a failed one goes back to the queue in one step, and `in_flight` keeps other
relays running until everything is delivered. Order is not promised.
"""
from collections import deque

import anyio


class Webhook:
    def __init__(self, latency, flaky):
        self.latency = latency
        self.flaky = set(flaky)
        self.received = []

    async def post(self, message):
        await anyio.sleep(self.latency)
        if message in self.flaky:
            self.flaky.remove(message)
            return 503
        self.received.append(message)
        return 200


class Outbox:
    def __init__(self, hook):
        self.hook = hook
        self.queue = deque()
        self.in_flight = 0
        self.retries = 0

    def publish(self, *messages):
        self.queue.extend(messages)

    async def relay_one(self):
        message = self.queue.popleft()
        self.in_flight += 1
        try:
            status = await self.hook.post(message)
        finally:
            self.in_flight -= 1
        if status != 200:
            self.queue.appendleft(message)
            self.retries += 1

    async def relay(self):
        while self.queue or self.in_flight:
            if self.queue:
                await self.relay_one()
            else:
                await anyio.sleep(0.01)


async def main():
    hook = Webhook(0.05, flaky=["order-1", "order-4"])
    outbox = Outbox(hook)
    outbox.publish(*(f"order-{n}" for n in range(1, 5)))

    async def start(delay):
        await anyio.sleep(delay)
        await outbox.relay()

    async def late_order():
        await anyio.sleep(0.08)
        outbox.publish("order-5")

    async with anyio.create_task_group() as tg:
        tg.start_soon(start, 0)
        tg.start_soon(start, 0.03)
        tg.start_soon(late_order)
    return {"received": sorted(hook.received), "retries": outbox.retries}


def damage(state):
    return state != {"received": [f"order-{n}" for n in range(1, 6)], "retries": 2}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
