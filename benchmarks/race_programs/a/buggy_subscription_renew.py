"""Paid subscriptions that are extended by a web checkout and by the automatic renewal.
RACE: lost update - Renewal.extend (base class) computes the new expiry from `sub.expires` (# READ), awaits the charge in
the subclass hook, then assigns the expiry through the property setter (# ACT); two charges give only one extension.
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
        self._expires = day  # ACT
        self.changes += 1


class Billing:
    def __init__(self):
        self.days_paid = 0

    async def charge(self, user, days, delay):
        await anyio.sleep(delay)
        self.days_paid += days


class Renewal:
    days = 30

    def __init__(self, billing):
        self.billing = billing

    async def collect(self, sub):
        raise NotImplementedError

    async def extend(self, sub):
        new_expiry = sub.expires + self.days  # READ
        await self.collect(sub)
        sub.expires = new_expiry


class AutoRenewal(Renewal):
    async def collect(self, sub):
        await self.billing.charge(sub.user, self.days, 0.04)


class WebCheckout(Renewal):
    days = 365

    async def collect(self, sub):
        await self.billing.charge(sub.user, self.days, 0.08)


def damage(state) -> bool:
    sub, billing = state
    return sub.expires != 100 + billing.days_paid


async def main():
    billing = Billing()
    sub = Subscription("ann", expires=100)
    async with anyio.create_task_group() as tg:
        for renewal in (AutoRenewal(billing), WebCheckout(billing)):
            tg.start_soon(renewal.extend, sub)
    state = (sub, billing)
    print("expires", sub.expires, "paid days", billing.days_paid, "damage", damage(state))
    return state


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
