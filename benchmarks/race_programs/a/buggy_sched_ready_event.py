"""Service gate with a readiness event that is replaced by a fresh one at each restart of the backend.
SCHEDULE-DEPENDENT
RACE: waiting on a replaced event - Gate.enter takes `self._ready` (# READ), awaits the trace hook, then waits on it
(# ACT); a restart in between replaced the event, nobody will set the old one. In the default order no restart hits it.
"""
# OTHER ORDER: RESTART_AT=0.016
import sys

import anyio

RESTART_AT = 0.24


class Tracer:
    def __init__(self):
        self.spans = []

    async def start(self, name):
        await anyio.sleep(0.04)
        self.spans.append(name)


class Gate:
    def __init__(self, tracer):
        self.tracer = tracer
        self._ready = anyio.Event()
        self.generation = 1

    def restart(self):
        self.generation += 1
        self._ready = anyio.Event()

    def open(self):
        self._ready.set()

    async def enter(self, name):
        ready = self._ready  # READ
        await self.tracer.start(name)
        await ready.wait()  # ACT


class Client:
    def __init__(self, gate):
        self.gate = gate
        self.stuck = False

    async def request(self):
        with anyio.move_on_after(0.8) as scope:
            await self.gate.enter("GET /")
        self.stuck = scope.cancelled_caught


async def backend(gate):
    await anyio.sleep(RESTART_AT)
    gate.restart()
    await anyio.sleep(0.08)
    gate.open()


async def first_boot(gate):
    await anyio.sleep(0.08)
    gate.open()


def damage(client) -> bool:
    return client.stuck


async def main():
    gate = Gate(Tracer())
    client = Client(gate)
    async with anyio.create_task_group() as tg:
        tg.start_soon(client.request)
        tg.start_soon(first_boot, gate)
        tg.start_soon(backend, gate)
    print("stuck", client.stuck, "generation", gate.generation, "damage", damage(client))
    return client


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
