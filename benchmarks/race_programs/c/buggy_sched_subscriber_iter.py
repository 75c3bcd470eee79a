"""Event bus whose handlers are called one after the other.
RACE: iteration over a changing container - EventBus.emit walks the dict of handlers, EventBus.subscribe inserts into it
"""

import anyio
from anyio import lowlevel


class EventBus:
    def __init__(self) -> None:
        self.handlers: dict[str, object] = {}
        self.failed: list[str] = []

    def subscribe(self, name: str, handler) -> None:
        self.handlers[name] = handler

    async def emit(self, event: str) -> None:
        try:
            for handler in self.handlers.values():
                await handler(event)
        except RuntimeError as exc:
            self.failed.append(str(exc))


class Plugin:
    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[str] = []

    async def handle(self, event: str) -> None:
        await lowlevel.checkpoint()
        self.events.append(event)

    async def load(self, bus: EventBus, steps: int) -> None:
        for _ in range(steps):  # import, config, migrations, ...
            await lowlevel.checkpoint()
        bus.subscribe(self.name, self.handle)


async def main():
    bus = EventBus()
    core = [Plugin("auth"), Plugin("mail")]
    for plugin in core:
        bus.subscribe(plugin.name, plugin.handle)
    slow = Plugin("search")
    async with anyio.create_task_group() as tg:
        tg.start_soon(bus.emit, "user.created")
        tg.start_soon(slow.load, bus, 9)
    return {"events": [p.events for p in core], "failed": bus.failed}


def damage(state) -> bool:
    return bool(state["failed"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
