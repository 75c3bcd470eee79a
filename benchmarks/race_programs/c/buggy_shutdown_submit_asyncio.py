"""Audit log with a background writer and an orderly shutdown.
RACE: check-then-act (state machine) - AuditLog.closing tested in submit, the entry is queued after close() drained the queue
"""

import asyncio


class Closed(Exception):
    pass


class AuditLog:
    def __init__(self) -> None:
        self.closing = False
        self.queue: list[str] = []
        self.written: list[str] = []

    def _check_open(self) -> None:
        if self.closing:
            raise Closed

    async def _sign(self, entry: str) -> str:
        await asyncio.sleep(0.05)
        return f"{entry}#{len(entry)}"

    async def submit(self, entry: str) -> None:
        self._check_open()
        signed = await self._sign(entry)
        self.queue.append(signed)

    async def drain(self) -> None:
        while self.queue:
            entry = self.queue.pop(0)
            await asyncio.sleep(0.002)
            self.written.append(entry)

    async def close(self) -> None:
        self.closing = True
        await self.drain()


async def main():
    log = AuditLog()
    accepted: list[str] = []

    async def request(user: str, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            await log.submit(f"login {user}")
        except Closed:
            return
        accepted.append(user)

    async def shutdown() -> None:
        await asyncio.sleep(0.075)
        await log.close()

    await asyncio.gather(request("ada", 0), request("bob", 0.05), request("eve", 0.1), shutdown())
    return {"accepted": accepted, "written": log.written}


def damage(state) -> bool:
    return len(state["accepted"]) != len(state["written"])


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
