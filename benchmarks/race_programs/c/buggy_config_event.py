"""Config watcher: clients long-poll until the config version moves.
RACE: replaced event - ConfigHub.publish swaps the event between Poller's version check and its wait
"""

import anyio


class ConfigHub:
    def __init__(self) -> None:
        self.version = 1
        self._changed = anyio.Event()

    @property
    def changed(self) -> anyio.Event:
        return self._changed

    def publish(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = anyio.Event()


class Poller:
    def __init__(self, hub: ConfigHub) -> None:
        self.hub = hub
        self.seen: list[int] = []
        self.timeouts = 0

    async def _audit(self) -> None:
        await anyio.sleep(0.06)

    async def poll(self, known: int) -> None:
        if self.hub.version == known:
            await self._audit()
            await self._wait_change()
        self.seen.append(self.hub.version)

    async def _wait_change(self) -> None:
        with anyio.move_on_after(0.1) as scope:
            await self.hub.changed.wait()
        if scope.cancelled_caught:
            self.timeouts += 1


async def publisher(hub: ConfigHub) -> None:
    await anyio.sleep(0.01)
    hub.publish()


async def main():
    hub = ConfigHub()
    poller = Poller(hub)
    async with anyio.create_task_group() as tg:
        tg.start_soon(poller.poll, 1)
        tg.start_soon(publisher, hub)
    return {"seen": poller.seen, "timeouts": poller.timeouts}


def damage(state) -> bool:
    return state["timeouts"] > 0


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
