"""Proxy connection with two pumps; whichever pump sees the end first closes both sides.
CORRECT: double close is harmless - closed is set before the await, a second close does nothing
"""

import anyio


class Side:
    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = list(lines)
        self.received: list[str] = []
        self.closed = False
        self.fins = 0

    async def read(self) -> str | None:
        await anyio.sleep(0.005)
        return self.lines.pop(0) if self.lines else None

    async def write(self, line: str) -> None:
        await anyio.sleep(0.001)
        self.received.append(line)

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        await anyio.sleep(0.01)
        self.fins += 1


class Tunnel:
    def __init__(self, left: Side, right: Side) -> None:
        self.left = left
        self.right = right
        self.ended = 0

    async def pump(self, source: Side, target: Side) -> None:
        while (line := await source.read()) is not None:
            await target.write(line)
        self.ended += 1
        if self.ended == 2:
            await self.shutdown()

    async def shutdown(self) -> None:
        await self.left.close()
        await self.right.close()

    async def run(self) -> None:
        try:
            async with anyio.create_task_group() as tg:
                tg.start_soon(self.pump, self.left, self.right)
                tg.start_soon(self.pump, self.right, self.left)
        finally:
            await self.shutdown()


async def main():
    left = Side("client", ["GET /", "bye"])
    right = Side("server", ["200 OK"])
    tunnel = Tunnel(left, right)
    async with anyio.create_task_group() as tg:
        tg.start_soon(tunnel.run)
    async with anyio.create_task_group() as tg:
        tg.start_soon(tunnel.shutdown)
        tg.start_soon(tunnel.shutdown)
    return {"fins": (left.fins, right.fins), "left": left.received, "right": right.received}


def damage(state) -> bool:
    return state != {"fins": (1, 1), "left": ["200 OK"], "right": ["GET /", "bye"]}


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
