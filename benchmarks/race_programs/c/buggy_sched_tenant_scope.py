"""Multi-tenant reports: the database handle is switched to a tenant for a while.
RACE: save-and-restore of shared state - Tenancy.use sets db.tenant, the query of another scope runs in it
"""

from contextlib import contextmanager

import anyio
from anyio import lowlevel


class Db:
    ROWS = {"acme": ["a1", "a2"], "globex": ["g1"], "public": []}

    def __init__(self) -> None:
        self.tenant = "public"

    async def connect(self) -> None:
        await lowlevel.checkpoint()

    async def rows(self) -> list[str]:
        await self.connect()
        return list(self.ROWS[self.tenant])


class Tenancy:
    def __init__(self, db: Db) -> None:
        self.db = db

    @contextmanager
    def use(self, tenant: str):
        previous = self.db.tenant
        self.db.tenant = tenant
        try:
            yield
        finally:
            self.db.tenant = previous


class ReportJob:
    def __init__(self, tenancy: Tenancy, tenant: str, queued: int) -> None:
        self.tenancy = tenancy
        self.tenant = tenant
        self.queued = queued

    async def run(self, out: dict) -> None:
        for _ in range(self.queued):
            await lowlevel.checkpoint()
        with self.tenancy.use(self.tenant):
            out[self.tenant] = await self.tenancy.db.rows()


async def main():
    db = Db()
    tenancy = Tenancy(db)
    out: dict[str, list[str]] = {}
    async with anyio.create_task_group() as tg:
        tg.start_soon(ReportJob(tenancy, "acme", 0).run, out)
        tg.start_soon(ReportJob(tenancy, "globex", 6).run, out)
    return {"reports": out, "tenant": db.tenant}


def damage(state) -> bool:
    return state["reports"] != {"acme": ["a1", "a2"], "globex": ["g1"]} or state["tenant"] != "public"


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
