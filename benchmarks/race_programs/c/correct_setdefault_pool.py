"""Keep-alive pool of an HTTP client: one connection per host.
CORRECT: setdefault after the await - the loser of the race closes its own connection and uses the winner's
"""

import itertools

import anyio


class Connection:
    _ids = itertools.count(1)

    def __init__(self, host: str) -> None:
        self.host = host
        self.id = next(self._ids)
        self.closed = False

    async def open(self) -> "Connection":
        await anyio.sleep(0.02)
        return self

    async def get(self, path: str) -> str:
        if self.closed:
            raise RuntimeError("closed connection used")
        await anyio.sleep(0.01)
        return f"{self.host}{path}"

    def close(self) -> None:
        self.closed = True


class HostPool:
    def __init__(self) -> None:
        self._by_host: dict[str, Connection] = {}
        self.opened: list[Connection] = []

    async def connect(self, host: str) -> Connection:
        conn = self._by_host.get(host)
        if conn is not None:
            return conn
        fresh = Connection(host)
        self.opened.append(fresh)
        await fresh.open()
        winner = self._by_host.setdefault(host, fresh)
        if winner is not fresh:
            fresh.close()
        return winner

    def close(self) -> None:
        for conn in self._by_host.values():
            conn.close()


async def fetch(pool: HostPool, url: str, out: list[str]) -> None:
    host, _, path = url.partition("/")
    conn = await pool.connect(host)
    out.append(await conn.get("/" + path))


async def main():
    pool = HostPool()
    bodies: list[str] = []
    async with anyio.create_task_group() as tg:
        for url in ("a.example/1", "a.example/2", "b.example/1"):
            tg.start_soon(fetch, pool, url, bodies)
    pool.close()
    return {"bodies": len(bodies), "leaked": sum(1 for c in pool.opened if not c.closed)}


def damage(state) -> bool:
    return state["leaked"] > 0 or state["bodies"] != 3


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
