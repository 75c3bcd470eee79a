"""Web worker that raises the log level for requests with a debug header.
CORRECT: depth counter instead of save-and-restore - the level is derived from the number of open debug scopes
"""

from contextlib import asynccontextmanager

import anyio


class LoggerConfig:
    def __init__(self, base: str) -> None:
        self.base = base
        self._debug_scopes = 0
        self.lines: list[str] = []

    @property
    def level(self) -> str:
        return "DEBUG" if self._debug_scopes else self.base

    @asynccontextmanager
    async def debug(self):
        self._debug_scopes += 1
        try:
            yield self
        finally:
            self._debug_scopes -= 1

    def log(self, text: str) -> None:
        self.lines.append(f"{self.level} {text}")


class Worker:
    def __init__(self, config: LoggerConfig) -> None:
        self.config = config

    async def handle(self, name: str, headers: dict, work: float) -> int:
        if "x-debug" not in headers:
            await anyio.sleep(work)
            return 200
        async with self.config.debug():
            await anyio.sleep(work)
            self.config.log(name)
        return 200


async def main():
    config = LoggerConfig("INFO")
    worker = Worker(config)
    async with anyio.create_task_group() as tg:
        tg.start_soon(worker.handle, "r1", {"x-debug": "1"}, 0.03)
        await anyio.sleep(0.01)
        tg.start_soon(worker.handle, "r2", {"x-debug": "1"}, 0.05)
        tg.start_soon(worker.handle, "r3", {}, 0.01)
    return {"level": config.level, "lines": sorted(config.lines)}


def damage(state) -> bool:
    return state["level"] != "INFO" or state["lines"] != ["DEBUG r1", "DEBUG r2"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
