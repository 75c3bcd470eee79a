"""Database pool with a hand-made limit on open connections.
RACE: check-then-act (capacity) - Pool.can_grow in acquire, Pool.size grows in _attach after connecting
"""

import asyncio


class DbConnection:
    def __init__(self, number: int) -> None:
        self.number = number

    async def execute(self, sql: str) -> str:
        await asyncio.sleep(0.02)
        return f"{self.number}: {sql}"


class Server:
    def __init__(self) -> None:
        self.peak = 0
        self.connections = 0

    async def connect(self) -> DbConnection:
        await asyncio.sleep(0.01)
        self.connections += 1
        self.peak = max(self.peak, self.connections)
        return DbConnection(self.connections)


class Pool:
    def __init__(self, server: Server, maximum: int) -> None:
        self.server = server
        self.maximum = maximum
        self.size = 0
        self.idle: asyncio.Queue[DbConnection] = asyncio.Queue()

    def can_grow(self) -> bool:
        return self.idle.empty() and self.size < self.maximum

    def _attach(self, conn: DbConnection) -> DbConnection:
        self.size += 1
        return conn

    async def acquire(self) -> DbConnection:
        if self.can_grow():
            return self._attach(await self.server.connect())
        return await self.idle.get()

    def release(self, conn: DbConnection) -> None:
        self.idle.put_nowait(conn)


async def query(pool: Pool, sql: str) -> str:
    conn = await pool.acquire()
    try:
        return await conn.execute(sql)
    finally:
        pool.release(conn)


async def main():
    server = Server()
    pool = Pool(server, maximum=2)
    rows = await asyncio.gather(*(query(pool, f"select {i}") for i in range(5)))
    return {"peak": server.peak, "maximum": pool.maximum, "rows": len(rows)}


def damage(state) -> bool:
    return state["peak"] > state["maximum"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
