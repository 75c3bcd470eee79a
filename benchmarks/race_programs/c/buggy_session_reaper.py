"""Session store of a web app with a reaper of idle sessions.
RACE: vanished key (KeyError) - SessionStore.__contains__ in touch, _data[sid] used after the reaper deleted it
"""

import anyio


class SessionStore:
    def __init__(self) -> None:
        self._data: dict[str, dict] = {}

    def __contains__(self, sid: str) -> bool:
        return sid in self._data

    def create(self, sid: str, idle: int) -> None:
        self._data[sid] = {"idle": idle, "hits": 0}

    def expired(self) -> list[str]:
        return [sid for sid, s in self._data.items() if s["idle"] > 10]

    def destroy(self, sid: str) -> None:
        del self._data[sid]

    def touch(self, sid: str) -> None:
        session = self._data[sid]
        session["hits"] += 1
        session["idle"] = 0


class Middleware:
    def __init__(self, store: SessionStore) -> None:
        self.store = store

    async def __call__(self, sid: str) -> int:
        if sid not in self.store:
            return 401
        try:
            await self.endpoint()
            self.store.touch(sid)
        except KeyError:
            return 500
        return 200

    async def endpoint(self) -> None:
        await anyio.sleep(0.08)


async def reaper(store: SessionStore) -> None:
    await anyio.sleep(0.01)
    for sid in store.expired():
        store.destroy(sid)


async def main():
    store = SessionStore()
    store.create("s1", idle=99)
    store.create("s2", idle=1)
    app = Middleware(store)
    codes: dict[str, int] = {}

    async def client(sid: str) -> None:
        codes[sid] = await app(sid)

    async with anyio.create_task_group() as tg:
        tg.start_soon(client, "s1")
        tg.start_soon(client, "s2")
        tg.start_soon(client, "s3")
        tg.start_soon(reaper, store)
    return codes


def damage(state) -> bool:
    return 500 in state.values()


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
