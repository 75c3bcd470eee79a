"""Mailbox with a wake-up event that is replaced at each notification.
SAFE BECAUSE: the consumer takes the current event in the same atomic step in which it sees the mailbox empty, and post()
sets exactly the event which it replaces; mail that comes during the log write has set the event already.
"""
import sys
from collections import deque

import anyio


class ActivityLog:
    def __init__(self):
        self.lines = []

    async def write(self, line):
        await anyio.sleep(0.01)
        self.lines.append(line)


class Mailbox:
    def __init__(self, log):
        self._messages = deque()
        self._event = anyio.Event()
        self._log = log

    @property
    def backlog(self):
        return len(self._messages)

    def post(self, message):
        self._messages.append(message)
        event, self._event = self._event, anyio.Event()
        event.set()

    async def receive(self):
        while not self.backlog:
            event = self._event
            await self._log.write("idle")
            await event.wait()
        return self._messages.popleft()


class Consumer:
    def __init__(self, name, mailbox):
        self.name = name
        self.mailbox = mailbox
        self.got = []

    async def run(self, count):
        for _ in range(count):
            self.got.append(await self.mailbox.receive())
            await anyio.sleep(0.001)


async def producer(mailbox, messages):
    for message, pause in messages:
        await anyio.sleep(pause)
        mailbox.post(message)


def damage(state) -> bool:
    stuck, consumers, mailbox = state
    got = [m for c in consumers for m in c.got]
    return stuck or sorted(got) != ["bill", "chat", "mail", "news"] or mailbox.backlog > 0


async def main():
    mailbox = Mailbox(ActivityLog())
    consumers = [Consumer("c1", mailbox), Consumer("c2", mailbox)]
    with anyio.move_on_after(0.5) as scope:
        async with anyio.create_task_group() as tg:
            for consumer in consumers:
                tg.start_soon(consumer.run, 2)
            tg.start_soon(producer, mailbox, [("mail", 0.005), ("bill", 0.01), ("news", 0.02), ("chat", 0.0)])
    state = (scope.cancelled_caught, consumers, mailbox)
    print({c.name: c.got for c in consumers}, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
