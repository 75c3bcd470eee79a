"""Audit log with a background writer and an orderly shutdown.
CORRECT: monotonic flag checked in the same step as the append - nothing can be queued once close() began
"""

import anyio


class Closed(Exception):
    pass


class AuditLog:
    def __init__(self) -> None:
        self._closing = False
        self.queue: list[str] = []
        self.written: list[str] = []

    @property
    def open(self) -> bool:
        return not self._closing

    async def _sign(self, entry: str) -> str:
        await anyio.sleep(0.03)
        return f"{entry}#{len(entry)}"

    def _append(self, signed: str) -> None:
        if not self.open:
            raise Closed
        self.queue.append(signed)

    async def submit(self, entry: str) -> None:
        if not self.open:
            raise Closed
        self._append(await self._sign(entry))

    async def close(self) -> None:
        self._closing = True
        while self.queue:
            entry = self.queue.pop(0)
            await anyio.sleep(0.002)
            self.written.append(entry)


class Api:
    def __init__(self, log: AuditLog) -> None:
        self.log = log
        self.accepted: list[str] = []
        self.refused: list[str] = []

    async def login(self, user: str, delay: float) -> None:
        await anyio.sleep(delay)
        try:
            await self.log.submit(f"login {user}")
        except Closed:
            self.refused.append(user)
        else:
            self.accepted.append(user)


async def main():
    log = AuditLog()
    api = Api(log)
    async with anyio.create_task_group() as tg:
        for n, user in enumerate(("ada", "bob", "eve")):
            tg.start_soon(api.login, user, n * 0.03)
        await anyio.sleep(0.045)
        tg.start_soon(log.close)
    return {"accepted": api.accepted, "written": log.written, "refused": api.refused}


def damage(state) -> bool:
    lost = len(state["accepted"]) != len(state["written"])
    return lost or len(state["accepted"]) + len(state["refused"]) != 3


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
