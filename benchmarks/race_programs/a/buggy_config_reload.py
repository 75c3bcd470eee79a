"""Hot configuration reload: a watcher and the admin endpoint may both trigger a reload.
RACE: stale overwrite - ConfigService.reload reads the current document of the shared source (# READ), awaits the schema
validation, then installs what it read (# ACT); a slow old reload replaces the newer configuration.
"""
import sys
from types import SimpleNamespace

import anyio


class Source:
    """What is on the disk; an operator edits it."""

    def __init__(self, text):
        self.text = text
        self.revision = 1

    def edit(self, text):
        self.text = text
        self.revision += 1


class Validator:
    async def validate(self, text):
        await anyio.sleep(0.12 if "debug" in text else 0.02)
        pairs = (item.split("=") for item in text.split())
        return SimpleNamespace(**{k: v for k, v in pairs})


class ConfigService:
    def __init__(self, source, validator):
        self._source = source
        self._validator = validator
        self._config = None
        self.listeners = []

    def subscribe(self, fn):
        self.listeners.append(fn)
        return fn

    @property
    def config(self):
        return self._config

    def _install(self, config):
        self._config = config  # ACT
        for fn in self.listeners:
            fn(config)

    async def reload(self):
        text = self._source.text  # READ
        config = await self._validator.validate(text)
        self._install(config)


async def deploy(service, source):
    await anyio.sleep(0.04)
    source.edit("level=info workers=8")
    await service.reload()


def damage(state) -> bool:
    service, source = state
    return f"workers={service.config.workers}" not in source.text


async def main():
    source = Source("level=debug workers=2")
    service = ConfigService(source, Validator())
    seen = []
    service.subscribe(lambda c: seen.append(c.workers))
    async with anyio.create_task_group() as tg:
        tg.start_soon(service.reload)
        tg.start_soon(deploy, service, source)
    print("installed", seen, "source", source.text, "damage", damage((service, source)))
    return service, source


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
