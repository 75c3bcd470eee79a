"""Database pool with a limit on open connections.
CORRECT: a semaphore bounds the users - the size is read across the connect only under a permit of its own
"""

import asyncio
from contextlib import asynccontextmanager


class DbConnection:
    def __init__(self, number: int) -> None:
        self.number = number

    async def execute(self, sql: str) -> str:
        await asyncio.sleep(0.01)
        return f"{self.number}: {sql}"


class Server:
    def __init__(self) -> None:
        self.peak = 0
        self.open = 0

    async def connect(self) -> DbConnection:
        self.open += 1
        self.peak = max(self.peak, self.open)
        await asyncio.sleep(0.01)
        return DbConnection(self.open)


class Pool:
    def __init__(self, server: Server, maximum: int) -> None:
        self.server = server
        self.maximum = maximum
        self._permits = asyncio.Semaphore(maximum)
        self._idle: list[DbConnection] = []

    def _pick(self) -> DbConnection | None:
        return self._idle.pop() if self._idle else None

    @asynccontextmanager
    async def connection(self):
        async with self._permits:
            conn = self._pick()
            if conn is None:
                conn = await self.server.connect()
            try:
                yield conn
            finally:
                self._idle.append(conn)

    @property
    def idle(self) -> int:
        return len(self._idle)


async def query(pool: Pool, sql: str) -> str:
    async with pool.connection() as conn:
        return await conn.execute(sql)


async def main():
    server = Server()
    pool = Pool(server, maximum=2)
    rows = await asyncio.gather(*(query(pool, f"select {i}") for i in range(7)))
    return {"peak": server.peak, "maximum": pool.maximum, "rows": len(rows), "idle": pool.idle}


def damage(state) -> bool:
    return state["peak"] > state["maximum"] or state["rows"] != 7 or state["idle"] != state["peak"]


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
