"""Payment endpoint whose decorator replays the stored response of a repeated idempotency key.
RACE: check-then-act - the wrapper of idempotent() tests `key in responses` (# READ), awaits the endpoint, then stores the
response (# ACT); a client's retry during the first call charges the card twice.
"""
import functools
import sys
from dataclasses import dataclass

import anyio


@dataclass
class PaymentRequest:
    idempotency_key: str
    card: str
    cents: int


def idempotent(fn):
    responses = {}

    @functools.wraps(fn)
    async def wrapper(self, request):
        key = request.idempotency_key
        if key in responses:  # READ
            return {**responses[key], "replayed": True}
        response = await fn(self, request)
        responses[key] = response  # ACT
        return response

    wrapper.responses = responses
    return wrapper


class Gateway:
    def __init__(self):
        self.captures = []

    async def capture(self, card, cents):
        await anyio.sleep(0.08)
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


def damage(gateway) -> bool:
    return len(gateway.captures) > 1


async def main():
    PaymentApi.pay.responses.clear()
    gateway = Gateway()
    api = PaymentApi(gateway)
    answers = []
    async with anyio.create_task_group() as tg:
        for retry_after in (0, 0.04, 0.16):
            tg.start_soon(client, api, PaymentRequest("k-1", "4242", 500), retry_after, answers)
    print(answers, gateway.captures, "damage", damage(gateway))
    return gateway


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
