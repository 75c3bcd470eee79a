"""httpx-like connection pool with a limit on connections per host.

SAFE BECAUSE: acquire() reserves a place (`self.opening[host] += 1`) in the same step as the
check, before the handshake is awaited, and counts reservations in the check; the
reservation turns into a connection (or is given back) in one step after the await.
"""
from collections import Counter, defaultdict

import anyio


class Connection:
    def __init__(self, host):
        self.host = host
        self.busy = True


class Pool:
    def __init__(self, max_per_host, latency):
        self.max_per_host = max_per_host
        self.latency = latency
        self.hosts = defaultdict(list)
        self.opening = Counter()
        self.peak = 0

    def _idle(self, host):
        return next((c for c in self.hosts[host] if not c.busy), None)

    def _has_room(self, host):
        return len(self.hosts[host]) + self.opening[host] < self.max_per_host

    async def _connect(self, host):
        await anyio.sleep(self.latency.pop(0))
        return Connection(host)

    async def acquire(self, host):
        while True:
            conn = self._idle(host)
            if conn is not None:
                conn.busy = True
                return conn
            if self._has_room(host):
                self.opening[host] += 1
                try:
                    conn = await self._connect(host)
                    self.hosts[host].append(conn)
                finally:
                    self.opening[host] -= 1
                self.peak = max(self.peak, len(self.hosts[host]))
                return conn
            await anyio.sleep(0.01)

    def release(self, conn):
        conn.busy = False


async def main():
    pool = Pool(max_per_host=2, latency=[0.09, 0.03, 0.03])
    served = []

    async def fetch(name, delay):
        await anyio.sleep(delay)
        conn = await pool.acquire("api")
        await anyio.sleep(0.04)
        served.append(name)
        pool.release(conn)

    async with anyio.create_task_group() as tg:
        for n in range(4):
            tg.start_soon(fetch, n, n * 0.01)
    return {"peak": pool.peak, "served": len(served), "opening": pool.opening["api"]}


def damage(state):
    return state["peak"] > 2 or state["served"] != 4 or state["opening"] != 0


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
