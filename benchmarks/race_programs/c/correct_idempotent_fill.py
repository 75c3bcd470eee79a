"""Image proxy with a cache of rendered thumbnails keyed by content hash.
CORRECT: idempotent writes - two fills of a key may happen, both store the same bytes
"""

import hashlib

import anyio


class Origin:
    IMAGES = {"cat": b"cat-bytes", "dog": b"dog-bytes"}

    def __init__(self) -> None:
        self.reads = 0

    async def read(self, name: str) -> bytes:
        self.reads += 1
        await anyio.sleep(0.01)
        return self.IMAGES[name]


class ThumbnailCache:
    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._data.get(key)

    def put(self, key: str, value: bytes) -> None:
        self._data[key] = value


class Proxy:
    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.cache = ThumbnailCache()

    @staticmethod
    def key(name: str, size: int) -> str:
        return hashlib.sha1(f"{name}@{size}".encode()).hexdigest()

    async def thumbnail(self, name: str, size: int) -> bytes:
        key = self.key(name, size)
        cached = self.cache.get(key)
        if cached is None:
            cached = await self._render(name, size)
            self.cache.put(key, cached)
        return cached

    async def _render(self, name: str, size: int) -> bytes:
        raw = await self.origin.read(name)
        return raw[:size]


async def main():
    proxy = Proxy(Origin())
    results: list[tuple[str, int, bytes]] = []

    async def browser(name: str, size: int) -> None:
        results.append((name, size, await proxy.thumbnail(name, size)))

    async with anyio.create_task_group() as tg:
        for _ in range(3):
            tg.start_soon(browser, "cat", 3)
            tg.start_soon(browser, "dog", 5)
    return sorted(set(results))


def damage(state) -> bool:
    return state != [("cat", 3, b"cat"), ("dog", 5, b"dog-b")]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
