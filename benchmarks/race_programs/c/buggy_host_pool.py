"""Keep-alive pool of an HTTP client: one connection per host.
RACE: check-then-act (get-or-create) - HostPool._lookup misses, HostPool._store overwrites a connection in use
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
        await anyio.sleep(0.01)
        return f"{self.host}{path}"

    def close(self) -> None:
        self.closed = True


class HostPool:
    def __init__(self) -> None:
        self._by_host: dict[str, Connection] = {}
        self.opened: list[Connection] = []

    def _lookup(self, host: str) -> Connection | None:
        return self._by_host.get(host)

    def _store(self, conn: Connection) -> Connection:
        self._by_host[conn.host] = conn
        return conn

    async def connect(self, host: str) -> Connection:
        conn = self._lookup(host)
        if conn is None:
            conn = Connection(host)
            self.opened.append(conn)
            conn = self._store(await conn.open())
        return conn

    def __enter__(self) -> "HostPool":
        return self

    def __exit__(self, *exc) -> None:
        for conn in self._by_host.values():
            conn.close()


async def fetch(pool: HostPool, url: str, out: list[str]) -> None:
    host, _, path = url.partition("/")
    conn = await pool.connect(host)
    out.append(await conn.get("/" + path))


async def main():
    bodies: list[str] = []
    with HostPool() as pool:
        async with anyio.create_task_group() as tg:
            for url in ("a.example/1", "a.example/2", "b.example/1"):
                tg.start_soon(fetch, pool, url, bodies)
    leaked = [c.id for c in pool.opened if not c.closed]
    return {"bodies": len(bodies), "opened": len(pool.opened), "leaked": len(leaked)}


def damage(state) -> bool:
    return state["leaked"] > 0


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
