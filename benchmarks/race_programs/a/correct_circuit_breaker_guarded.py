"""Circuit breaker as a state machine with guarded transitions.
SAFE BECAUSE: allow() tests and changes the state without an await in between; results of calls that were started in an
earlier state epoch are ignored, because report() compares the epoch captured at the start.
"""
import enum
import sys

import anyio


class State(enum.Enum):
    CLOSED = 1
    OPEN = 2
    HALF_OPEN = 3
    PROBING = 4


class Service:
    def __init__(self):
        self.healthy = False

    async def work(self, delay):
        await anyio.sleep(delay)
        if not self.healthy:
            raise ConnectionError


class Breaker:
    def __init__(self, service, cooldown):
        self.service = service
        self.cooldown = cooldown
        self.state = State.CLOSED
        self.epoch = 0
        self.trail = []
        self.probes_in_epoch = {}

    def _move(self, state):
        self.state = state
        self.epoch += 1
        self.trail.append(state.name)

    def allow(self):
        if self.state is State.HALF_OPEN:
            self._move(State.PROBING)
            self.probes_in_epoch[self.epoch] = self.probes_in_epoch.get(self.epoch, 0) + 1
            return self.epoch
        return self.epoch if self.state is State.CLOSED else None

    def report(self, epoch, ok):
        if epoch != self.epoch:
            return
        if not ok:
            self._move(State.OPEN)
        elif self.state is State.PROBING:
            self._move(State.CLOSED)

    async def recover(self):
        while True:
            await anyio.sleep(self.cooldown)
            if self.state is State.OPEN:
                self._move(State.HALF_OPEN)

    async def call(self, delay):
        epoch = self.allow()
        if epoch is None:
            return False
        try:
            await self.service.work(delay)
        except ConnectionError:
            self.report(epoch, False)
            return False
        self.report(epoch, True)
        return True


async def client(breaker, delay, n):
    for _ in range(n):
        await breaker.call(delay)
        await anyio.sleep(0.003)


def damage(breaker) -> bool:
    return any(n > 1 for n in breaker.probes_in_epoch.values())


async def main():
    breaker = Breaker(Service(), 0.01)
    async with anyio.create_task_group() as tg:
        tg.start_soon(breaker.recover)
        async with anyio.create_task_group() as clients:
            for delay in (0.002, 0.005, 0.008):
                clients.start_soon(client, breaker, delay, 14)
            await anyio.sleep(0.03)
            breaker.service.healthy = True
        tg.cancel_scope.cancel()
    print(breaker.trail, breaker.probes_in_epoch, "damage", damage(breaker))
    return breaker


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
