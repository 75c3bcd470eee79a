"""IoT gateway: status bits of a device, set by several subsystems.

RACE: lost update - set_flag() reads `mask = device.flags`, awaits the acknowledgement
and stores `device.flags = mask | bit`; a bit set or cleared meanwhile is lost.
"""
import anyio

ONLINE, ALARM, LOW_BATTERY = 1, 2, 4


class Device:
    __slots__ = ("ident", "flags")

    def __init__(self, ident, flags=0):
        self.ident = ident
        self.flags = flags


class Bus:
    def __init__(self):
        self.frames = []

    async def ack(self, ident, bit, latency):
        await anyio.sleep(latency)
        self.frames.append((ident, bit))


class Gateway:
    def __init__(self, bus, *devices):
        self.bus = bus
        self.devices = {d.ident: d for d in devices}

    async def set_flag(self, ident, bit, latency):
        device = self.devices[ident]
        mask = device.flags
        if mask & bit:
            return
        await self.bus.ack(ident, bit, latency)
        device.flags = mask | bit

    async def clear_flag(self, ident, bit, latency):
        device = self.devices[ident]
        await self.bus.ack(ident, -bit, latency)
        device.flags &= ~bit


async def after(delay, method, *args):
    await anyio.sleep(delay)
    await method(*args)


async def main():
    gateway = Gateway(Bus(), Device("pump", ONLINE), Device("door", ONLINE))
    async with anyio.create_task_group() as tg:
        tg.start_soon(after, 0, gateway.set_flag, "pump", LOW_BATTERY, 0.1)
        tg.start_soon(after, 0.01, gateway.set_flag, "pump", ALARM, 0.04)
        tg.start_soon(after, 0.01, gateway.clear_flag, "door", ONLINE, 0.04)
    return {d.ident: d.flags for d in gateway.devices.values()}


def damage(state):
    return state["pump"] != ONLINE | ALARM | LOW_BATTERY


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
