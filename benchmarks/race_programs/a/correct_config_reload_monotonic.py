"""Hot configuration reload: a watcher and the admin endpoint may both trigger a reload.
SAFE BECAUSE: a validated document is installed only if its revision is newer than the installed one; the comparison and
the assignment are one atomic step, so a slow old reload is dropped.
"""
import sys
from types import SimpleNamespace

import anyio


class Source:
    def __init__(self, text):
        self.text = text
        self.revision = 1

    def edit(self, text):
        self.text = text
        self.revision += 1

    def read(self):
        return self.revision, self.text


class Validator:
    async def validate(self, text):
        await anyio.sleep(0.03 if "debug" in text else 0.005)
        return SimpleNamespace(**dict(item.split("=") for item in text.split()))


class ConfigService:
    def __init__(self, source, validator):
        self._source = source
        self._validator = validator
        self._config = None
        self._revision = 0
        self.installed = []
        self.skipped = []

    @property
    def config(self):
        return self._config

    def _install(self, revision, config):
        if revision <= self._revision:
            self.skipped.append(revision)
            return
        self._revision = revision
        self._config = config
        self.installed.append(revision)

    async def reload(self):
        revision, text = self._source.read()
        config = await self._validator.validate(text)
        self._install(revision, config)


async def deploy(service, source, after, text):
    await anyio.sleep(after)
    source.edit(text)
    await service.reload()


def damage(state) -> bool:
    service, source = state
    return f"workers={service.config.workers}" not in source.text or service.installed != sorted(service.installed)


async def main():
    source = Source("level=debug workers=2")
    service = ConfigService(source, Validator())
    async with anyio.create_task_group() as tg:
        tg.start_soon(service.reload)
        tg.start_soon(deploy, service, source, 0.01, "level=info workers=8")
        tg.start_soon(deploy, service, source, 0.012, "level=warn workers=9")
    state = (service, source)
    print("installed", service.installed, "skipped", service.skipped, source.text, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
