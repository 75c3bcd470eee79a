"""Coupons: the usage limit lives in a mixin, the order flow in the class.

RACE: check-then-act - `self.can_redeem(code)` (mixin) reads the use count, the order
is persisted, then `self.mark_redeemed(code)` increments; a single-use coupon gives
its discount twice.
"""
import anyio


class CouponMixin:
    coupon_limits = {"WELCOME": 1, "SPRING": 3}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.coupon_uses = {}

    def can_redeem(self, code):
        return self.coupon_uses.get(code, 0) < self.coupon_limits.get(code, 0)

    def mark_redeemed(self, code):
        self.coupon_uses[code] = self.coupon_uses.get(code, 0) + 1


class OrderBase:
    def __init__(self, latency):
        self.latency = latency
        self.orders = []

    async def persist(self, order):
        await anyio.sleep(self.latency)
        self.orders.append(order)


class Shop(CouponMixin, OrderBase):
    async def place(self, customer, cents, code=None):
        discount = 0
        if code is not None and self.can_redeem(code):
            discount = cents // 10
        await self.persist({"customer": customer, "due": cents - discount, "code": code})
        if discount:
            self.mark_redeemed(code)
        return cents - discount


async def main():
    shop = Shop(latency=0.06)
    paid = {}

    async def customer(name, delay, code):
        await anyio.sleep(delay)
        paid[name] = await shop.place(name, 1000, code)

    async with anyio.create_task_group() as tg:
        tg.start_soon(customer, "ada", 0, "WELCOME")
        tg.start_soon(customer, "bea", 0.03, "WELCOME")
        tg.start_soon(customer, "cam", 0.03, "SPRING")
    return {"uses": shop.coupon_uses, "paid": paid}


def damage(state):
    return state["uses"]["WELCOME"] > 1


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
