"""IoT gateway: status bits of a device, set by several subsystems.

SAFE BECAUSE: bits are changed with `device.flags |= bit` / `&= ~bit` after the await, one
step each; the reading before the await only spares the bus a frame and is tested again
afterwards for the change counter. Every bit has one owning subsystem, which issues
its commands to a device one after the other.
"""
import anyio

ONLINE, ALARM, LOW_BATTERY = 1, 2, 4


class Device:
    __slots__ = ("ident", "flags", "changes")

    def __init__(self, ident, flags=0):
        self.ident = ident
        self.flags = flags
        self.changes = 0


class Bus:
    def __init__(self):
        self.frames = []

    async def ack(self, ident, bit, latency):
        await anyio.sleep(latency)
        self.frames.append((ident, bit))


class Subsystem:
    """Owns one bit of all devices; nobody else writes that bit."""

    def __init__(self, bus, bit):
        self.bus = bus
        self.bit = bit

    async def raise_(self, device, latency):
        if device.flags & self.bit:
            return
        await self.bus.ack(device.ident, self.bit, latency)
        if not device.flags & self.bit:
            device.flags |= self.bit
            device.changes += 1

    async def drop(self, device, latency):
        await self.bus.ack(device.ident, -self.bit, latency)
        if device.flags & self.bit:
            device.flags &= ~self.bit
            device.changes += 1


async def main():
    bus = Bus()
    pump = Device("pump", ONLINE)
    battery, alarm, link = (Subsystem(bus, b) for b in (LOW_BATTERY, ALARM, ONLINE))

    async def alarms():
        await anyio.sleep(0.01)
        await alarm.raise_(pump, 0.04)
        await alarm.drop(pump, 0.03)
        await alarm.raise_(pump, 0.04)

    async with anyio.create_task_group() as tg:
        tg.start_soon(battery.raise_, pump, 0.1)
        tg.start_soon(alarms)
        tg.start_soon(link.drop, pump, 0.07)
    return {"flags": pump.flags, "changes": pump.changes, "frames": len(bus.frames)}


def damage(state):
    return state["flags"] != ALARM | LOW_BATTERY or state["changes"] != 5


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
