"""Price quotes from a module-level rate bundle that an updater replaces.

SAFE BECAUSE: rate, currency and validity form one frozen bundle; quote() binds it once and
uses only this binding. A quote states its rate and bundle number and, by the rules of
the shop, is binding at the rate of the moment the customer asked: this is a snapshot
that is wanted, and what is stored (the counter of quotes) is incremented in one step.
"""
from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Rates:
    number: int
    currency: str
    factor: float


CURRENT = Rates(1, "USD", 1.0)
ISSUED = {}
_count = 0


def next_number():
    global _count
    _count += 1
    return _count


async def margin(product):
    await anyio.sleep(0.07)
    return 1.1 if product != "gold" else 1.5


async def quote(product, cents):
    rates = CURRENT
    factor = await margin(product)
    number = next_number()
    ISSUED[number] = {
        "product": product,
        "amount": round(cents * rates.factor * factor),
        "currency": rates.currency,
        "rates": rates.number,
    }
    return number


def publish(currency, factor):
    global CURRENT
    CURRENT = Rates(CURRENT.number + 1, currency, factor)


async def main():
    global CURRENT, _count
    CURRENT, _count = Rates(1, "USD", 1.0), 0
    ISSUED.clear()

    async def storefront(product, delay):
        await anyio.sleep(delay)
        await quote(product, 1000)

    async def back_office():
        await anyio.sleep(0.035)
        publish("JPY", 150.0)

    async with anyio.create_task_group() as tg:
        tg.start_soon(storefront, "tea", 0)
        tg.start_soon(storefront, "gold", 0.01)
        tg.start_soon(back_office)
        tg.start_soon(storefront, "rice", 0.07)
    return {q["product"]: (q["amount"], q["currency"], q["rates"]) for q in ISSUED.values()}


def damage(state):
    bundles = {("USD", 1): 1.0, ("JPY", 2): 150.0}
    margins = {"tea": 1.1, "rice": 1.1, "gold": 1.5}
    return len(state) != 3 or any(
        amount != round(1000 * bundles[currency, number] * margins[product])
        for product, (amount, currency, number) in state.items()
    )


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
