"""httpx-like connection pool with a limit on connections per host.

RACE: check-then-act - `if len(conns) < self.max_per_host` in acquire() reads,
`conns.append(conn)` acts after the TCP handshake; the limit is exceeded.
"""
from collections import defaultdict
from dataclasses import dataclass, field

import anyio


@dataclass
class Connection:
    host: str
    serial: int
    busy: bool = True


@dataclass
class Pool:
    max_per_host: int
    hosts: dict = field(default_factory=lambda: defaultdict(list))
    opened: int = 0
    peak: int = 0

    def _idle(self, host):
        return next((c for c in self.hosts[host] if not c.busy), None)

    async def _connect(self, host):
        self.opened += 1
        serial = self.opened
        await anyio.sleep(0.07)
        return Connection(host, serial)

    async def acquire(self, host):
        while True:
            conn = self._idle(host)
            if conn is not None:
                conn.busy = True
                return conn
            conns = self.hosts[host]
            if len(conns) < self.max_per_host:
                conn = await self._connect(host)
                conns.append(conn)
                self.peak = max(self.peak, len(conns))
                return conn
            await anyio.sleep(0.01)

    def release(self, conn):
        conn.busy = False


async def fetch(pool, host, delay):
    await anyio.sleep(delay)
    conn = await pool.acquire(host)
    try:
        await anyio.sleep(0.04)
    finally:
        pool.release(conn)


async def main():
    pool = Pool(max_per_host=1)
    async with anyio.create_task_group() as tg:
        for n in range(3):
            tg.start_soon(fetch, pool, "api.local", n * 0.005)
    return {"peak": pool.peak, "limit": pool.max_per_host, "n": len(pool.hosts["api.local"])}


def damage(state):
    return state["n"] > state["limit"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
