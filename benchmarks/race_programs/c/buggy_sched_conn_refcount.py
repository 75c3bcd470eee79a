"""Shared serial port: the last user closes it, a new user may come at that moment.
RACE: refcount - SharedPort.leave saw zero users and drains, SharedPort.join counts itself in before the close
"""

import anyio
from anyio import lowlevel


class Port:
    def __init__(self) -> None:
        self.open = True
        self.written: list[str] = []

    async def drain(self) -> None:
        await lowlevel.checkpoint()

    def close(self) -> None:
        self.open = False

    def write(self, data: str) -> None:
        if not self.open:
            raise OSError("port is closed")
        self.written.append(data)


class SharedPort:
    def __init__(self) -> None:
        self.port: Port | None = None
        self.users = 0

    def join(self) -> Port:
        if self.port is None:
            self.port = Port()
        self.users += 1
        return self.port

    async def leave(self) -> None:
        self.users -= 1
        if self.users == 0:
            await self.port.drain()
            self.port.close()
            self.port = None


async def plotter(shared: SharedPort, data: str, thinking: int, errors: list[str]) -> None:
    for _ in range(thinking):
        await lowlevel.checkpoint()
    port = shared.join()
    for _ in range(3):
        await lowlevel.checkpoint()
    try:
        port.write(data)
        await shared.leave()
    except (OSError, AttributeError) as exc:
        errors.append(f"{data}: {exc}")


async def main():
    shared = SharedPort()
    errors: list[str] = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(plotter, shared, "circle", 0, errors)
        tg.start_soon(plotter, shared, "square", 12, errors)
    return {"errors": errors, "users": shared.users}


def damage(state) -> bool:
    return bool(state["errors"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
