"""Two-stage pipeline with a shared slot that is handed back and forth by events.

SAFE BECAUSE: at each moment exactly one side owns the slot: the producer writes only after
`free` and the consumer reads only after `full`; each event is renewed by its waiter
before it hands the slot over, so no signal is lost.
"""
import anyio


class Slot:
    def __init__(self):
        self.value = None
        self.full = anyio.Event()
        self.free = anyio.Event()
        self.free.set()

    async def write(self, value, latency):
        await self.free.wait()
        self.free = anyio.Event()
        previous = self.value
        await anyio.sleep(latency)  # the DMA transfer
        assert self.value is previous is None
        self.value = value
        self.full.set()

    async def read(self, latency):
        await self.full.wait()
        self.full = anyio.Event()
        value = self.value
        await anyio.sleep(latency)
        assert self.value == value
        self.value = None
        self.free.set()
        return value


class Camera:
    def __init__(self, slot, frames):
        self.slot = slot
        self.frames = frames

    async def run(self):
        for frame in self.frames:
            await self.slot.write(frame, 0.03)


class Encoder:
    def __init__(self, slot):
        self.slot = slot
        self.out = []

    async def run(self, count):
        for _ in range(count):
            self.out.append(await self.slot.read(0.035))


async def main():
    slot = Slot()
    frames = ["f1", "f2", "f3", "f4"]
    encoder = Encoder(slot)
    with anyio.move_on_after(0.9):
        async with anyio.create_task_group() as tg:
            tg.start_soon(Camera(slot, frames).run)
            tg.start_soon(encoder.run, len(frames))
    return encoder.out


def damage(state):
    return state != ["f1", "f2", "f3", "f4"]


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
