"""Single-use coupons; customers normally redeem one after the other.
SCHEDULE-DEPENDENT
RACE: check-then-act - CouponDesk.redeem tests `code in self.unused` (# READ), awaits the order, then discards the code
(# ACT); two customers who come at the same time both get the discount. In the default order the second comes later.
"""
# OTHER ORDER: SECOND_AT=0.008
import sys

import anyio

SECOND_AT = 0.08


class Orders:
    def __init__(self):
        self.discounts = {}

    async def apply(self, customer, code):
        await anyio.sleep(0.032)
        self.discounts.setdefault(code, []).append(customer)


class CouponDesk:
    def __init__(self, codes, orders):
        self.unused = set(codes)
        self.orders = orders
        self.refused = []

    def _valid(self, code):
        return code in self.unused  # READ

    def _burn(self, code):
        self.unused.discard(code)  # ACT

    async def redeem(self, customer, code):
        if not self._valid(code):
            self.refused.append(customer)
            return False
        await self.orders.apply(customer, code)
        self._burn(code)
        return True


class Shop:
    def __init__(self, desk):
        self.desk = desk
        self.visits = 0

    async def visit(self, customer, code, at):
        await anyio.sleep(at)
        self.visits += 1
        await self.desk.redeem(customer, code)


def damage(orders) -> bool:
    return any(len(who) > 1 for who in orders.discounts.values())


async def main():
    orders = Orders()
    shop = Shop(CouponDesk({"SPRING"}, orders))
    async with anyio.create_task_group() as tg:
        tg.start_soon(shop.visit, "ann", "SPRING", 0)
        tg.start_soon(shop.visit, "bob", "SPRING", SECOND_AT)
    print(orders.discounts, "refused", shop.desk.refused, "damage", damage(orders))
    return orders


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
