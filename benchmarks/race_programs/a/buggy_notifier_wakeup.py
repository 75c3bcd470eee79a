"""Mailbox with a wake-up event that is replaced at each notification.
RACE: waiting on a replaced event (lost wake-up) - Mailbox.receive sees `self._messages` empty (# READ), awaits the
activity log, then waits on `self._event` (# ACT), which post() has replaced meanwhile; it waits although mail is there.
"""
import sys
from collections import deque

import anyio


class ActivityLog:
    def __init__(self):
        self.lines = []

    async def write(self, line):
        await anyio.sleep(0.08)
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
        if not self.backlog:  # READ
            await self._log.write("idle")
            await self._event.wait()  # ACT
        return self._messages.popleft()


class Consumer:
    def __init__(self, mailbox):
        self.mailbox = mailbox
        self.got = []
        self.timed_out = False

    async def run(self):
        with anyio.move_on_after(0.6) as scope:
            self.got.append(await self.mailbox.receive())
        self.timed_out = scope.cancelled_caught


async def producer(mailbox):
    await anyio.sleep(0.04)
    mailbox.post("invoice ready")


def damage(consumer) -> bool:
    return consumer.timed_out and consumer.mailbox.backlog > 0


async def main():
    consumer = Consumer(Mailbox(ActivityLog()))
    async with anyio.create_task_group() as tg:
        tg.start_soon(consumer.run)
        tg.start_soon(producer, consumer.mailbox)
    print("got", consumer.got, "backlog", consumer.mailbox.backlog, "damage", damage(consumer))
    return consumer


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
