"""Paid subscriptions that are extended by a web checkout and by the automatic renewal.
SAFE BECAUSE: the expiry read before the charge is used for the text of the invoice only; after the charge extend() adds
the days to the expiry that is current then, without an await between reading and writing.
"""
import sys

import anyio


class Subscription:
    def __init__(self, user, expires):
        self.user = user
        self._expires = expires
        self.changes = 0

    @property
    def expires(self):
        return self._expires

    @expires.setter
    def expires(self, day):
        self._expires = day
        self.changes += 1


class Billing:
    def __init__(self):
        self.days_paid = 0
        self.invoices = []

    async def charge(self, text, days, delay):
        await anyio.sleep(delay)
        self.days_paid += days
        self.invoices.append(text)


class Renewal:
    days = 30
    delay = 0.01

    def __init__(self, billing):
        self.billing = billing

    def describe(self, sub):
        return f"{type(self).__name__} for {sub.user}, current end: day {sub.expires}"

    async def extend(self, sub):
        text = self.describe(sub)
        await self.billing.charge(text, self.days, self.delay)
        sub.expires = sub.expires + self.days


class AutoRenewal(Renewal):
    pass


class WebCheckout(Renewal):
    days = 365
    delay = 0.02


class Voucher(Renewal):
    days = 7
    delay = 0.005


def damage(state) -> bool:
    sub, billing = state
    return sub.expires != 100 + billing.days_paid or sub.changes != 3


async def main():
    billing = Billing()
    sub = Subscription("ann", expires=100)
    async with anyio.create_task_group() as tg:
        for renewal in (AutoRenewal(billing), WebCheckout(billing), Voucher(billing)):
            tg.start_soon(renewal.extend, sub)
    state = (sub, billing)
    print("expires", sub.expires, "paid days", billing.days_paid, billing.invoices, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
