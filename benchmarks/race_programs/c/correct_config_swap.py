"""Feature-flag service: workers read an immutable config that a reloader replaces as a whole.
CORRECT: read-only config swaps - each job pins one config object at its start and never writes back
"""

from dataclasses import dataclass
from types import MappingProxyType

import anyio


@dataclass(frozen=True)
class Config:
    version: int
    flags: MappingProxyType

    def enabled(self, flag: str) -> bool:
        return self.flags.get(flag, False)


class ConfigHolder:
    def __init__(self, config: Config) -> None:
        self._config = config

    @property
    def current(self) -> Config:
        return self._config

    def replace(self, config: Config) -> None:
        self._config = config


class Reloader:
    def __init__(self, holder: ConfigHolder) -> None:
        self.holder = holder

    async def _download(self, version: int) -> MappingProxyType:
        await anyio.sleep(0.01)
        on = version % 2 == 0
        return MappingProxyType({"new-cart": on, "new-pay": on})

    async def run(self, rounds: int) -> None:
        for version in range(2, 2 + rounds):
            flags = await self._download(version)
            self.holder.replace(Config(version, flags))


async def job(holder: ConfigHolder, name: str, out: list) -> None:
    config = holder.current
    cart = config.enabled("new-cart")
    await anyio.sleep(0.012)
    pay = config.enabled("new-pay")
    out.append((name, config.version, cart, pay))


async def worker(holder: ConfigHolder, name: str, out: list) -> None:
    for n in range(4):
        await job(holder, f"{name}/{n}", out)


async def main():
    start = MappingProxyType({"new-cart": False, "new-pay": False})
    holder = ConfigHolder(Config(1, start))
    out: list = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(Reloader(holder).run, 5)
        tg.start_soon(worker, holder, "w1", out)
        tg.start_soon(worker, holder, "w2", out)
    return {"jobs": out, "version": holder.current.version}


def damage(state) -> bool:
    mixed = [name for name, _, cart, pay in state["jobs"] if cart != pay]
    return bool(mixed) or state["version"] != 6


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
