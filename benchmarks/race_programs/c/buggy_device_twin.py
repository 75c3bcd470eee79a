"""IoT hub with device twins: reported properties are merged into the twin.
RACE: lost update (copy, await, replace) - TwinRegistry.current in Hub.report, TwinRegistry.replace at its end
"""

from dataclasses import dataclass, field, replace

import anyio


@dataclass(frozen=True)
class Twin:
    device: str
    version: int = 0
    reported: dict = field(default_factory=dict)

    def merged(self, patch: dict) -> "Twin":
        return replace(self, version=self.version + 1, reported={**self.reported, **patch})


class TwinRegistry:
    def __init__(self) -> None:
        self._twins: dict[str, Twin] = {}

    def current(self, device: str) -> Twin:
        return self._twins.get(device) or Twin(device)

    def replace(self, twin: Twin) -> None:
        self._twins[twin.device] = twin


class SchemaService:
    async def check(self, patch: dict) -> dict:
        await anyio.sleep(0.02)
        return {key: value for key, value in patch.items() if not key.startswith("_")}


class Hub:
    def __init__(self) -> None:
        self.registry = TwinRegistry()
        self.schema = SchemaService()

    async def report(self, device: str, patch: dict) -> int:
        twin = self.registry.current(device)
        clean = await self.schema.check(patch)
        twin = twin.merged(clean)
        self.registry.replace(twin)
        return twin.version


async def main():
    hub = Hub()
    async with anyio.create_task_group() as tg:
        tg.start_soon(hub.report, "lamp", {"power": "on", "_raw": 1})
        tg.start_soon(hub.report, "lamp", {"brightness": 80})
        tg.start_soon(hub.report, "plug", {"watts": 12})
    lamp = hub.registry.current("lamp")
    return {"version": lamp.version, "reported": lamp.reported}


def damage(state) -> bool:
    return state["reported"] != {"power": "on", "brightness": 80}


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
