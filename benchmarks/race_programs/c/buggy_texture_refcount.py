"""Asset manager of a game: textures are unloaded when their last user releases them.
RACE: refcount - AssetManager.release sees zero and awaits the unload, AssetManager.acquire revives the entry meanwhile
"""

from dataclasses import dataclass, field

import anyio


@dataclass
class Texture:
    name: str
    users: int = 0
    on_gpu: bool = True

    @property
    def unused(self) -> bool:
        return self.users == 0


@dataclass
class Gpu:
    memory: dict[str, Texture] = field(default_factory=dict)

    async def upload(self, texture: Texture) -> None:
        await anyio.sleep(0.01)
        self.memory[texture.name] = texture

    async def free(self, texture: Texture) -> None:
        await anyio.sleep(0.06)
        self.memory.pop(texture.name, None)
        texture.on_gpu = False


class AssetManager:
    def __init__(self) -> None:
        self.gpu = Gpu()
        self.textures: dict[str, Texture] = {}

    async def acquire(self, name: str) -> Texture:
        texture = self.textures.get(name)
        if texture is None:
            texture = self.textures[name] = Texture(name)
            texture.users += 1
            await self.gpu.upload(texture)
        else:
            texture.users += 1
        return texture

    async def release(self, texture: Texture) -> None:
        texture.users -= 1
        if texture.unused:
            await self._evict(texture)

    async def _evict(self, texture: Texture) -> None:
        await self.gpu.free(texture)
        self.textures.pop(texture.name, None)


async def main():
    manager = AssetManager()
    sprite = await manager.acquire("hero.png")
    held: list[Texture] = []

    async def next_level() -> None:
        await anyio.sleep(0.02)
        held.append(await manager.acquire("hero.png"))

    async with anyio.create_task_group() as tg:
        tg.start_soon(manager.release, sprite)
        tg.start_soon(next_level)
    return {"users": held[0].users, "on_gpu": held[0].on_gpu, "known": list(manager.textures)}


def damage(state) -> bool:
    return state["users"] > 0 and not state["on_gpu"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
