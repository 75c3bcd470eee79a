"""Device twin kept as an immutable NamedTuple that is replaced as a whole.

SAFE BECAUSE: set_field() reads the twin before the await only to check that the device is
known and to validate the request against fixed limits; the replacement is built from
`registry.twins[device]` read again after the await, in one step.
"""
from typing import NamedTuple

import anyio


class Twin(NamedTuple):
    kind: str = "lamp"
    brightness: int = 0
    colour: str = "white"


LIMITS = {"lamp": {"brightness": 100}}


class Registry:
    __slots__ = ("twins", "audit")

    def __init__(self, *devices):
        self.twins = {d: Twin() for d in devices}
        self.audit = []

    def merge(self, device, fields):
        self.twins[device] = self.twins[device]._replace(**fields)


class Radio:
    def __init__(self, rtt):
        self.rtt = rtt

    async def command(self, device, fields):
        await anyio.sleep(max(self.rtt[f] for f in fields))
        return "ack"


async def set_field(registry, radio, device, **fields):
    twin = registry.twins[device]
    for name, limit in LIMITS[twin.kind].items():  # the kind never changes
        if fields.get(name, 0) > limit:
            raise ValueError(name)
    if await radio.command(device, fields) == "ack":
        registry.merge(device, fields)
        registry.audit.append((device, *fields.items()))


async def main():
    registry = Registry("l1", "l2")
    radio = Radio({"brightness": 0.1, "colour": 0.03})

    async def later(delay, **fields):
        await anyio.sleep(delay)
        await set_field(registry, radio, "l1", **fields)

    async def colour_then_more():
        await later(0.03, colour="red")
        await later(0.08, colour="blue")

    async with anyio.create_task_group() as tg:
        tg.start_soon(lambda: later(0, brightness=80))
        tg.start_soon(colour_then_more)
    return registry.twins["l1"]._asdict()


def damage(state):
    return (state["brightness"], state["colour"]) != (80, "blue")


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
