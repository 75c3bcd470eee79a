"""Chat bot with per-guild settings kept as whole documents in a key-value store.
RACE: read-modify-write through load()/save() - settings_of loads the document, edit_settings puts it back on exit
"""

import asyncio
import json
from contextlib import asynccontextmanager


class KeyValue:
    def __init__(self) -> None:
        self.blobs: dict[str, str] = {}

    async def get(self, key: str) -> str:
        await asyncio.sleep(0.01)
        return self.blobs.get(key, "{}")

    async def put(self, key: str, blob: str) -> None:
        await asyncio.sleep(0.01)
        self.blobs[key] = blob


class Settings:
    def __init__(self, kv: KeyValue) -> None:
        self.kv = kv

    async def settings_of(self, guild: int) -> dict:
        return json.loads(await self.kv.get(f"guild:{guild}"))

    @asynccontextmanager
    async def edit_settings(self, guild: int):
        document = await self.settings_of(guild)
        yield document
        await self.kv.put(f"guild:{guild}", json.dumps(document))


class Commands:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def set_prefix(self, guild: int, prefix: str) -> None:
        async with self.settings.edit_settings(guild) as doc:
            doc["prefix"] = prefix

    async def mute(self, guild: int, user: str) -> None:
        async with self.settings.edit_settings(guild) as doc:
            doc.setdefault("muted", []).append(user)


async def main():
    kv = KeyValue()
    commands = Commands(Settings(kv))
    await asyncio.gather(
        commands.set_prefix(1, "?"),
        commands.mute(1, "spammer"),
        commands.set_prefix(2, "$"),
    )
    return {key: json.loads(blob) for key, blob in kv.blobs.items()}


def damage(state) -> bool:
    return state["guild:1"] != {"prefix": "?", "muted": ["spammer"]}


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
