"""Asset manager of a game: textures are unloaded some time after their last user left.
CORRECT: re-check after the grace sleep - a revived texture is spared, the removal itself has no await
"""

from dataclasses import dataclass

import anyio


@dataclass
class Texture:
    name: str
    users: int = 0
    on_gpu: bool = True

    @property
    def unused(self) -> bool:
        return self.users == 0


class AssetManager:
    def __init__(self) -> None:
        self.textures: dict[str, Texture] = {}
        self.unloads = 0

    def acquire(self, name: str) -> Texture:
        texture = self.textures.get(name)
        if texture is None:
            texture = self.textures[name] = Texture(name)
        texture.users += 1
        return texture

    async def release(self, texture: Texture) -> None:
        texture.users -= 1
        if texture.unused:
            await self._evict_later(texture)

    async def _evict_later(self, texture: Texture) -> None:
        await anyio.sleep(0.03)
        if texture.unused and texture.on_gpu:
            self._unload(texture)

    def _unload(self, texture: Texture) -> None:
        texture.on_gpu = False
        self.unloads += 1
        del self.textures[texture.name]


class Level:
    def __init__(self, manager: AssetManager, delay: float) -> None:
        self.manager = manager
        self.delay = delay
        self.bad_frames = 0

    async def play(self, sprite: str) -> None:
        await anyio.sleep(self.delay)
        texture = self.manager.acquire(sprite)
        for _ in range(4):
            await anyio.sleep(0.006)
            if not texture.on_gpu:
                self.bad_frames += 1
        await self.manager.release(texture)


async def main():
    manager = AssetManager()
    levels = [Level(manager, delay) for delay in (0, 0.035, 0.1, 0.11)]
    async with anyio.create_task_group() as tg:
        for level in levels:
            tg.start_soon(level.play, "hero.png")
    return {"bad_frames": sum(lv.bad_frames for lv in levels), "loaded": list(manager.textures)}


def damage(state) -> bool:
    return state["bad_frames"] > 0 or bool(state["loaded"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
