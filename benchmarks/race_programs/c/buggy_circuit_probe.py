"""Circuit breaker of a payment client: half-open lets one probe through.
RACE: check-then-act (state machine) - Breaker.allow sees half-open, Breaker.probing is set only when the probe has left the queue
"""

from collections.abc import Awaitable, Callable

import anyio


class CircuitOpen(Exception):
    pass


class Breaker:
    def __init__(self) -> None:
        self.state = "half-open"
        self.probing = False

    def allow(self) -> bool:
        if self.state == "half-open":
            return not self.probing
        return self.state == "closed"

    def begin(self) -> None:
        if self.state == "half-open":
            self.probing = True

    def succeed(self) -> None:
        self.state = "closed"
        self.probing = False


def guarded(breaker: Breaker):
    def decorate(func: Callable[..., Awaitable[str]]):
        async def wrapper(*args):
            if not breaker.allow():
                raise CircuitOpen
            await anyio.sleep(0.01)  # wait for a socket of the pool
            breaker.begin()
            reply = await func(*args)
            breaker.succeed()
            return reply

        return wrapper

    return decorate


class Backend:
    def __init__(self) -> None:
        self.in_flight = 0
        self.peak = 0

    async def pay(self, order: int) -> str:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await anyio.sleep(0.03)
        self.in_flight -= 1
        return f"ok {order}"


async def main():
    backend = Backend()
    call = guarded(Breaker())(backend.pay)
    replies: list[str] = []

    async def checkout(order: int) -> None:
        try:
            replies.append(await call(order))
        except CircuitOpen:
            replies.append(f"open {order}")

    async with anyio.create_task_group() as tg:
        for order in (1, 2, 3):
            tg.start_soon(checkout, order)
    return {"peak_probes": backend.peak, "replies": sorted(replies)}


def damage(state) -> bool:
    return state["peak_probes"] > 1


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
