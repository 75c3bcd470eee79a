"""Thumbnail cache without any lock: two requests may compute the same thumbnail at the same time.
SAFE BECAUSE: the key is the hash of the immutable content, so both tasks store an equal value; the double work is
harmless and wanted (cheaper than a lock).
"""
import hashlib
import sys

import anyio


class Renderer:
    def __init__(self):
        self.renders = 0

    async def shrink(self, image, size):
        self.renders += 1
        await anyio.sleep(0.01)
        return image[:: max(1, len(image) // size)]


class ThumbnailCache:
    def __init__(self, renderer, size):
        self.renderer = renderer
        self.size = size
        self._by_digest = {}

    @staticmethod
    def digest(image):
        return hashlib.sha256(image).hexdigest()

    def __len__(self):
        return len(self._by_digest)

    async def get(self, image):
        key = self.digest(image)
        if key not in self._by_digest:
            self._by_digest[key] = await self.renderer.shrink(image, self.size)
        return self._by_digest[key]


class Gallery:
    def __init__(self, cache):
        self.cache = cache
        self.shown = []

    async def show(self, name, image, start):
        await anyio.sleep(start)
        thumb = await self.cache.get(image)
        self.shown.append((name, image, thumb))


def damage(state) -> bool:
    gallery, cache = state
    wrong = [n for n, image, thumb in gallery.shown if thumb != image[:: max(1, len(image) // 4)]]
    return bool(wrong) or len(gallery.shown) != 5 or len(cache) != 2


async def main():
    cache = ThumbnailCache(Renderer(), 4)
    gallery = Gallery(cache)
    cat, dog = b"cat-cat-cat-cat!", b"dog-dog-"
    async with anyio.create_task_group() as tg:
        tg.start_soon(gallery.show, "cat 1", cat, 0)
        tg.start_soon(gallery.show, "cat 2", cat, 0.003)
        tg.start_soon(gallery.show, "dog 1", dog, 0.005)
        tg.start_soon(gallery.show, "dog 2", dog, 0.007)
        tg.start_soon(gallery.show, "cat 3", cat, 0.02)
    state = (gallery, cache)
    print([(n, t) for n, _, t in gallery.shown], "renders", cache.renderer.renders, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
