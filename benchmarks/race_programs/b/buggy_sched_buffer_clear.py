"""Log shipper: copy the buffer, write a chunk, clear the buffer.

RACE: clear after copy - ship() copies `chunk = self.buffer[:]`, awaits one checkpoint and
`del self.buffer[:]`. By default the late line comes well after; under another order of
the steps it is appended in the gap and dropped.
"""
import anyio
import anyio.lowlevel


class Sink:
    def __init__(self):
        self.chunks = []

    async def write(self, chunk):
        self.chunks.append(chunk)
        await anyio.lowlevel.checkpoint()


class Shipper:
    def __init__(self, sink):
        self.sink = sink
        self.buffer = []

    def log(self, line):
        self.buffer.append(line)

    async def ship(self):
        chunk = self.buffer[:]
        if chunk:
            await self.sink.write(chunk)
            del self.buffer[:]


async def service(shipper, name, warmup):
    for _ in range(warmup):
        await anyio.lowlevel.checkpoint()
    shipper.log(f"{name} is up")


async def housekeeping(shipper):
    await shipper.ship()
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
    await shipper.ship()


async def main():
    sink = Sink()
    shipper = Shipper(sink)
    shipper.log("boot")
    async with anyio.create_task_group() as tg:
        tg.start_soon(housekeeping, shipper)
        tg.start_soon(service, shipper, "api", 4)
    shipped = [line for chunk in sink.chunks for line in chunk]
    return {"shipped": shipped, "left": list(shipper.buffer)}


def damage(state):
    return {"boot", "api is up"} - set(state["shipped"]) - set(state["left"]) != set()


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
