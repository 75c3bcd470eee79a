"""Device twin kept as an immutable NamedTuple that is replaced as a whole.

RACE: lost update - `twin = registry.twins[device]` in set_field() reads the whole
state, `registry.twins[device] = twin._replace(...)` acts after the radio round trip;
a field set meanwhile by another task falls back to its old value.
"""
from typing import NamedTuple

import anyio


class Twin(NamedTuple):
    brightness: int = 0
    colour: str = "white"
    firmware: str = "1.0"


class Registry:
    __slots__ = ("twins", "audit")

    def __init__(self, *devices):
        self.twins = {d: Twin() for d in devices}
        self.audit = []


class Radio:
    def __init__(self, rtt):
        self.rtt = rtt

    async def command(self, device, **fields):
        await anyio.sleep(self.rtt[device])
        return "ack"


async def set_field(registry, radio, device, **fields):
    twin = registry.twins[device]
    reply = await radio.command(device, **fields)
    if reply == "ack":
        registry.twins[device] = twin._replace(**fields)
        registry.audit.append((device, *fields.items()))


async def delayed(delay, func, *args, **kwargs):
    await anyio.sleep(delay)
    await func(*args, **kwargs)


async def main():
    registry = Registry("lamp", "strip")
    radio = Radio({"lamp": 0.08, "strip": 0.02})

    async def colour():
        await anyio.sleep(0.04)
        await set_field(registry, radio, "lamp", colour="red")

    async def brightness():
        await set_field(registry, radio, "lamp", brightness=80)

    async with anyio.create_task_group() as tg:
        tg.start_soon(brightness)
        tg.start_soon(colour)
    return {"twin": registry.twins["lamp"]._asdict(), "acks": len(registry.audit)}


def damage(state):
    twin = state["twin"]
    return (twin["brightness"], twin["colour"]) != (80, "red")


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
