"""Log level override as an async context manager class (for debug windows).

RACE: stale restore - __aenter__ reads `self.saved = logger.level`, the body awaits,
__aexit__ writes it back; overlapping windows that do not nest leave the level on DEBUG
and undo an operator's change.
"""
import anyio


class Logger:
    def __init__(self, level):
        self.level = level
        self.changes = []

    def set_level(self, level, why):
        self.level = level
        self.changes.append((level, why))


class LevelOverride:
    def __init__(self, logger, level):
        self.logger = logger
        self.level = level
        self.saved = None

    async def __aenter__(self):
        self.saved = self.logger.level
        self.logger.set_level(self.level, "override")
        return self

    async def __aexit__(self, *exc):
        self.logger.set_level(self.saved, "restore")
        return False


async def diagnose(logger, level, start, duration):
    await anyio.sleep(start)
    async with LevelOverride(logger, level):
        await anyio.sleep(duration)


async def operator(logger, delay, level):
    await anyio.sleep(delay)
    if logger.level != level:
        logger.set_level(level, "operator")


async def main():
    logger = Logger("INFO")
    async with anyio.create_task_group() as tg:
        tg.start_soon(diagnose, logger, "DEBUG", 0, 0.08)
        tg.start_soon(diagnose, logger, "TRACE", 0.04, 0.08)
    # all debug windows are closed now
    return {"level": logger.level, "changes": logger.changes}


def damage(state):
    return state["level"] != "INFO"


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
