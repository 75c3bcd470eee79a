"""Log shipper with a buffer that a flusher sends away.
RACE: dropped inserts - LogShipper.flush awaits the sending of the buffer, then clears it with the lines that came meanwhile
"""

import anyio
from anyio import lowlevel


class Remote:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def send(self, lines: list[str]) -> None:
        packet = "\n".join(lines)
        await lowlevel.checkpoint()
        self.lines.extend(packet.splitlines())


class LogShipper:
    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.buffer: list[str] = []
        self.count = 0

    def write(self, line: str) -> None:
        self.buffer.append(line)
        self.count += 1

    async def flush(self) -> None:
        if self.buffer:
            await self.remote.send(self.buffer)
            self.buffer = []


class App:
    def __init__(self, shipper: LogShipper) -> None:
        self.shipper = shipper

    async def handle(self, path: str) -> None:
        for _ in range(5):
            await lowlevel.checkpoint()
        self.shipper.write(f"GET {path}")


async def main():
    remote = Remote()
    shipper = LogShipper(remote)
    app = App(shipper)
    shipper.write("started")
    async with anyio.create_task_group() as tg:
        tg.start_soon(shipper.flush)
        tg.start_soon(app.handle, "/index")
        tg.start_soon(app.handle, "/about")
    await shipper.flush()
    return {"written": shipper.count, "received": len(remote.lines)}


def damage(state) -> bool:
    return state["written"] != state["received"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
