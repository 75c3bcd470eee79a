"""Temporary log-level override as an async context manager that restores the level it found.
RACE: stale restore - override() saves `settings.level` (# READ), the body awaits, then the saved level is written back
(# ACT); overlapping overrides restore each other's value and the service stays at DEBUG for ever.
"""
import sys
from contextlib import asynccontextmanager

import anyio


class Settings:
    def __init__(self, level="INFO"):
        self._level = level
        self.trail = [level]

    @property
    def level(self):
        return self._level

    @level.setter
    def level(self, value):
        self._level = value
        self.trail.append(value)


settings = Settings()


@asynccontextmanager
async def override(level):
    saved = settings.level  # READ
    settings.level = level
    try:
        yield settings
    finally:
        settings.level = saved  # ACT


class Diagnostics:
    def __init__(self):
        self.samples = []

    async def collect(self, level, start, seconds):
        await anyio.sleep(start)
        async with override(level) as current:
            await anyio.sleep(seconds)
            self.samples.append((level, current.level))


class HealthEndpoint:
    def verbose(self):
        return settings.level != "INFO"


def damage(endpoint) -> bool:
    return endpoint.verbose()


async def main():
    settings.level = "INFO"
    settings.trail.clear()
    diagnostics = Diagnostics()
    async with anyio.create_task_group() as tg:
        tg.start_soon(diagnostics.collect, "DEBUG", 0, 0.08)
        tg.start_soon(diagnostics.collect, "TRACE", 0.04, 0.08)
    endpoint = HealthEndpoint()
    print("trail", settings.trail, "final", settings.level, "damage", damage(endpoint))
    return endpoint


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
