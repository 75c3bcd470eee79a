"""Order service of a web shop: customers cancel while the warehouse ships.
RACE: check-then-act (state machine) - status tested by Order.can, changed by Order.move after the side effect
"""

from dataclasses import dataclass, field

import anyio

ALLOWED = {
    ("paid", "shipped"),
    ("paid", "cancelled"),
    ("shipped", "returned"),
}


class InvalidTransition(Exception):
    pass


@dataclass
class Order:
    id: int
    status: str = "paid"
    effects: list[str] = field(default_factory=list)

    def can(self, target: str) -> bool:
        return (self.status, target) in ALLOWED

    def move(self, target: str) -> None:
        self.status = target


def require(order: Order, target: str) -> None:
    if not order.can(target):
        raise InvalidTransition(f"{order.status} -> {target}")


class Warehouse:
    async def hand_to_carrier(self, order: Order) -> None:
        require(order, "shipped")
        await anyio.sleep(0.1)
        order.effects.append("parcel")
        order.move("shipped")


class Billing:
    async def refund(self, order: Order) -> None:
        require(order, "cancelled")
        await anyio.sleep(0.03)
        order.effects.append("refund")
        order.move("cancelled")


async def guarded(call, order: Order, rejected: list[str]) -> None:
    try:
        await call(order)
    except InvalidTransition as exc:
        rejected.append(str(exc))


async def main():
    order = Order(71)
    rejected: list[str] = []
    warehouse, billing = Warehouse(), Billing()
    async with anyio.create_task_group() as tg:
        tg.start_soon(guarded, warehouse.hand_to_carrier, order, rejected)
        await anyio.sleep(0.01)
        tg.start_soon(guarded, billing.refund, order, rejected)
    return {"status": order.status, "effects": order.effects, "rejected": rejected}


def damage(state) -> bool:
    return "parcel" in state["effects"] and "refund" in state["effects"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
