"""Outgoing mail spool drained by two delivery workers.
RACE: double take from a queue (peek then pop) - Spool.head in Worker.run, Spool.drop_head after delivery
"""

from collections import deque

import anyio


class Spool:
    def __init__(self, mails) -> None:
        self._mails = deque(mails)

    @property
    def head(self):
        return self._mails[0] if self._mails else None

    def drop_head(self) -> None:
        if self._mails:
            self._mails.popleft()

    def __len__(self) -> int:
        return len(self._mails)


class SmtpTransport:
    def __init__(self) -> None:
        self.delivered: list[str] = []

    async def deliver(self, mail: str) -> None:
        await anyio.sleep(0.01)
        self.delivered.append(mail)


class Worker:
    def __init__(self, spool: Spool, transport: SmtpTransport) -> None:
        self.spool = spool
        self.transport = transport

    async def run(self) -> None:
        while (mail := self.spool.head) is not None:
            await self.transport.deliver(mail)
            # only drop a mail once it is out, so a crash does not lose it
            self.spool.drop_head()


async def main():
    mails = [f"mail-{i}" for i in range(6)]
    spool, transport = Spool(mails), SmtpTransport()
    async with anyio.create_task_group() as tg:
        for _ in range(2):
            tg.start_soon(Worker(spool, transport).run)
    return {
        "sent": sorted(transport.delivered),
        "missing": [m for m in mails if m not in transport.delivered],
        "left": len(spool),
    }


def damage(state) -> bool:
    return bool(state["missing"]) or len(state["sent"]) != len(set(state["sent"]))


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
