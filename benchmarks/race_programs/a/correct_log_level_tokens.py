"""Temporary log-level override as an async context manager.
SAFE BECAUSE: nothing is restored: each override adds its own token to the shared dict and removes only this token; the
effective level is computed from the overrides that are active at the moment.
"""
import sys
from contextlib import asynccontextmanager

import anyio

RANK = {"INFO": 2, "DEBUG": 1, "TRACE": 0}


class Settings:
    def __init__(self, base="INFO"):
        self.base = base
        self._active = {}
        self.trail = []

    @property
    def level(self):
        return min([self.base, *self._active.values()], key=RANK.__getitem__)

    def add(self, token, level):
        self._active[token] = level
        self.trail.append(self.level)

    def remove(self, token):
        del self._active[token]
        self.trail.append(self.level)


settings = Settings()


@asynccontextmanager
async def override(level):
    token = object()
    before = settings.level
    settings.add(token, level)
    try:
        yield before
    finally:
        settings.remove(token)


class Diagnostics:
    def __init__(self):
        self.samples = []

    async def collect(self, level, start, seconds):
        await anyio.sleep(start)
        async with override(level) as before:
            await anyio.sleep(seconds)
            self.samples.append((before, level, settings.level))


def damage(diagnostics) -> bool:
    too_quiet = any(RANK[current] > RANK[wanted] for _, wanted, current in diagnostics.samples)
    return too_quiet or settings.level != "INFO"


async def main():
    settings.trail.clear()
    diagnostics = Diagnostics()
    async with anyio.create_task_group() as tg:
        tg.start_soon(diagnostics.collect, "DEBUG", 0, 0.02)
        tg.start_soon(diagnostics.collect, "TRACE", 0.01, 0.02)
        tg.start_soon(diagnostics.collect, "DEBUG", 0.015, 0.02)
    print(settings.trail, diagnostics.samples, "final", settings.level, "damage", damage(diagnostics))
    return diagnostics


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
