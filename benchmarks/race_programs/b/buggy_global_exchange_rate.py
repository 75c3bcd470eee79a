"""Price quotes from module-level rate tables that an updater refreshes.

RACE: torn read - quote() reads the global RATE, awaits the margin service, then reads
the global CURRENCY; switch_currency() changes both in between, so the amount is
computed with the rate of one currency and labelled with the other.
"""
import anyio

RATE = 1.0
CURRENCY = "USD"
TABLE = {"USD": 1.0, "JPY": 150.0}


async def margin(product):
    await anyio.sleep(0.07)
    return 1.1


def _convert(cents, rate, factor):
    return round(cents * rate * factor)


async def quote(product, cents):
    rate = RATE
    factor = await margin(product)
    amount = _convert(cents, rate, factor)
    return {"product": product, "amount": amount, "currency": CURRENCY}


def switch_currency(code):
    global RATE, CURRENCY
    RATE = TABLE[code]
    CURRENCY = code


async def storefront(quotes, product, delay):
    await anyio.sleep(delay)
    quotes.append(await quote(product, 1000))


async def back_office(delay):
    await anyio.sleep(delay)
    switch_currency("JPY")


async def main():
    switch_currency("USD")
    quotes = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(storefront, quotes, "tea", 0)
        tg.start_soon(back_office, 0.035)
        tg.start_soon(storefront, quotes, "rice", 0.07)
    return quotes


def damage(state):
    return any(q["amount"] != round(1000 * TABLE[q["currency"]] * 1.1) for q in state)


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
