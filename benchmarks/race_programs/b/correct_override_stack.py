"""Log level override as an async context manager class (for debug windows).

SAFE BECAUSE: a window does not save and restore the level; it adds its own entry under a
unique key and removes that entry on exit. The effective level is computed from the
base and the entries that are there now.
"""
import itertools

import anyio

ORDER = ["TRACE", "DEBUG", "INFO", "ERROR"]


class Logger:
    def __init__(self, base):
        self.base = base
        self.overrides = {}
        self.trail = []

    @property
    def level(self):
        return min([self.base, *self.overrides.values()], key=ORDER.index)

    def note(self):
        self.trail.append(self.level)


class LevelOverride:
    _keys = itertools.count()

    def __init__(self, logger, level):
        self.logger = logger
        self.level = level
        self.key = None

    async def __aenter__(self):
        self.key = next(self._keys)
        self.logger.overrides[self.key] = self.level
        self.logger.note()
        return self

    async def __aexit__(self, *exc):
        self.logger.overrides.pop(self.key)
        self.logger.note()
        return False


async def diagnose(logger, level, start, duration):
    await anyio.sleep(start)
    async with LevelOverride(logger, level):
        await anyio.sleep(duration)


async def operator(logger, delay, level):
    await anyio.sleep(delay)
    logger.base = level
    logger.note()


async def main():
    logger = Logger("INFO")
    async with anyio.create_task_group() as tg:
        tg.start_soon(diagnose, logger, "DEBUG", 0, 0.09)
        tg.start_soon(diagnose, logger, "TRACE", 0.03, 0.1)
        tg.start_soon(operator, logger, 0.06, "ERROR")
    return {"level": logger.level, "left": len(logger.overrides), "trail": logger.trail}


def damage(state):
    return state["level"] != "ERROR" or state["left"] != 0


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
