"""Outgoing mail spool drained by two delivery workers, some deliveries fail once.
CORRECT: the mail is taken out before the await and goes back to the spool when the delivery fails
"""

from collections import deque

import anyio


class TemporaryFailure(Exception):
    pass


class Spool:
    def __init__(self, mails) -> None:
        self._mails = deque(mails)
        self.in_flight = 0

    def take(self) -> str | None:
        if not self._mails:
            return None
        self.in_flight += 1
        return self._mails.popleft()

    def done(self) -> None:
        self.in_flight -= 1

    def give_back(self, mail: str) -> None:
        self.in_flight -= 1
        self._mails.append(mail)

    @property
    def drained(self) -> bool:
        return not self._mails and self.in_flight == 0


class SmtpTransport:
    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.greylisted = {"mail-1", "mail-4"}

    async def deliver(self, mail: str) -> None:
        await anyio.sleep(0.01)
        if mail in self.greylisted:
            self.greylisted.remove(mail)
            raise TemporaryFailure(mail)
        self.delivered.append(mail)


async def worker(spool: Spool, transport: SmtpTransport) -> None:
    while not spool.drained:
        mail = spool.take()
        if mail is None:
            await anyio.sleep(0.005)
            continue
        try:
            await transport.deliver(mail)
        except TemporaryFailure:
            spool.give_back(mail)
        else:
            spool.done()


async def main():
    mails = [f"mail-{i}" for i in range(6)]
    spool, transport = Spool(mails), SmtpTransport()
    async with anyio.create_task_group() as tg:
        tg.start_soon(worker, spool, transport)
        tg.start_soon(worker, spool, transport)
    return {"sent": sorted(transport.delivered), "in_flight": spool.in_flight}


def damage(state) -> bool:
    return state["sent"] != [f"mail-{i}" for i in range(6)] or state["in_flight"] != 0


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
