"""Web worker that raises the log level for requests with a debug header.
RACE: save-and-restore - debug_logging saves logger_config.level at entry and restores it at exit, scopes overlap
"""

from contextlib import asynccontextmanager

import anyio


class LoggerConfig:
    def __init__(self) -> None:
        self._level = "INFO"
        self.history: list[str] = []

    @property
    def level(self) -> str:
        return self._level

    @level.setter
    def level(self, value: str) -> None:
        self.history.append(value)
        self._level = value


logger_config = LoggerConfig()


@asynccontextmanager
async def debug_logging(enabled: bool):
    if not enabled:
        yield
        return
    previous = logger_config.level
    logger_config.level = "DEBUG"
    try:
        yield
    finally:
        logger_config.level = previous


async def handle(headers: dict, work: float) -> int:
    async with debug_logging("x-debug" in headers):
        await anyio.sleep(work)
    return 200


async def main():
    logger_config.__init__()
    async with anyio.create_task_group() as tg:
        tg.start_soon(handle, {"x-debug": "1"}, 0.06)
        await anyio.sleep(0.01)
        tg.start_soon(handle, {"x-debug": "1"}, 0.1)
        tg.start_soon(handle, {}, 0.01)
    return {"level": logger_config.level, "history": logger_config.history}


def damage(state) -> bool:
    return state["level"] != "INFO"


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
