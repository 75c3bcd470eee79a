"""Config watcher: clients long-poll until the config version moves.
CORRECT: replaced event done right - poll takes the event before it looks at the version, publish sets the old one in the same step
"""

import anyio


class ConfigHub:
    def __init__(self) -> None:
        self.version = 1
        self._changed = anyio.Event()

    def subscribe(self) -> tuple[anyio.Event, int]:
        return self._changed, self.version

    def publish(self) -> None:
        self.version += 1
        event, self._changed = self._changed, anyio.Event()
        event.set()


class Poller:
    def __init__(self, hub: ConfigHub) -> None:
        self.hub = hub
        self.seen: list[int] = []

    async def _audit(self) -> None:
        await anyio.sleep(0.02)

    async def poll(self, known: int) -> int:
        while True:
            event, version = self.hub.subscribe()
            if version != known:
                return version
            await self._audit()
            await event.wait()

    async def follow(self, last: int) -> None:
        known = 0
        while known < last:
            known = await self.poll(known)
            self.seen.append(known)


async def publisher(hub: ConfigHub, rounds: int) -> None:
    for _ in range(rounds):
        await anyio.sleep(0.012)
        hub.publish()


async def main():
    hub = ConfigHub()
    pollers = [Poller(hub) for _ in range(3)]
    async with anyio.create_task_group() as tg:
        for poller in pollers:
            tg.start_soon(poller.follow, 5)
        tg.start_soon(publisher, hub, 4)
    return [poller.seen for poller in pollers]


def damage(state) -> bool:
    return any(seen[-1] != 5 or seen != sorted(set(seen)) for seen in state)


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
