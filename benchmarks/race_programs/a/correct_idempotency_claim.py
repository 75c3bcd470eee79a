"""Payment endpoint whose decorator replays the stored response of a repeated idempotency key.
SAFE BECAUSE: the wrapper registers an in-flight entry before the endpoint is awaited; a retry finds it, waits for its
event and returns the same response instead of charging again.
"""
import functools
import sys
from dataclasses import dataclass, field

import anyio


@dataclass
class PaymentRequest:
    idempotency_key: str
    card: str
    cents: int


@dataclass
class Flight:
    done: anyio.Event = field(default_factory=anyio.Event)
    response: dict | None = None


def idempotent(fn):
    flights = {}

    @functools.wraps(fn)
    async def wrapper(self, request):
        key = request.idempotency_key
        while key in flights:
            flight = flights[key]
            await flight.done.wait()
            if flight.response is not None:
                return {**flight.response, "replayed": True}
        flight = flights[key] = Flight()
        try:
            flight.response = await fn(self, request)
            return flight.response
        finally:
            if flight.response is None:
                flights.pop(key)
            flight.done.set()

    wrapper.flights = flights
    return wrapper


class Gateway:
    def __init__(self):
        self.captures = []

    async def capture(self, card, cents):
        await anyio.sleep(0.02)
        self.captures.append((card, cents))
        return len(self.captures)


class PaymentApi:
    def __init__(self, gateway):
        self.gateway = gateway

    @idempotent
    async def pay(self, request):
        number = await self.gateway.capture(request.card, request.cents)
        return {"status": "paid", "number": number}


async def client(api, request, retry_after, answers):
    await anyio.sleep(retry_after)
    answers.append(await api.pay(request))


def damage(state) -> bool:
    gateway, answers = state
    return len(gateway.captures) != 2 or len(answers) != 4


async def main():
    PaymentApi.pay.flights.clear()
    gateway = Gateway()
    api = PaymentApi(gateway)
    answers = []
    async with anyio.create_task_group() as tg:
        for retry_after in (0, 0.01, 0.03):
            tg.start_soon(client, api, PaymentRequest("k-1", "4242", 500), retry_after, answers)
        tg.start_soon(client, api, PaymentRequest("k-2", "4242", 700), 0.005, answers)
    state = (gateway, answers)
    print(answers, gateway.captures, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
