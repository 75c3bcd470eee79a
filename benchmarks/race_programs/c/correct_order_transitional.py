"""Order service of a web shop: customers cancel while the warehouse ships.
CORRECT: transitional states - the order becomes "shipping"/"cancelling" before the await, so the other side is refused
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

PENDING = {"shipped": "shipping", "cancelled": "cancelling"}


class InvalidTransition(Exception):
    pass


@dataclass
class Order:
    id: int
    status: str = "paid"
    effects: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def transition(self, source: str, target: str):
        if self.status != source:
            raise InvalidTransition(f"{self.status} -> {target}")
        self.status = PENDING[target]
        try:
            yield
        except BaseException:
            self.status = source
            raise
        self.status = target


class Warehouse:
    async def ship(self, order: Order) -> None:
        async with order.transition("paid", "shipped"):
            await anyio.sleep(0.03)
            order.effects.append("parcel")


class Billing:
    async def refund(self, order: Order) -> None:
        async with order.transition("paid", "cancelled"):
            await anyio.sleep(0.02)
            order.effects.append("refund")


async def guarded(call, order: Order, rejected: list[str]) -> None:
    try:
        await call(order)
    except InvalidTransition as exc:
        rejected.append(str(exc))


async def main():
    order = Order(71)
    rejected: list[str] = []
    async with anyio.create_task_group() as tg:
        tg.start_soon(guarded, Warehouse().ship, order, rejected)
        tg.start_soon(guarded, Billing().refund, order, rejected)
        tg.start_soon(guarded, Billing().refund, order, rejected)
    return {"status": order.status, "effects": order.effects, "rejected": len(rejected)}


def damage(state) -> bool:
    pairs = {"shipped": ["parcel"], "cancelled": ["refund"]}
    return state["effects"] != pairs.get(state["status"]) or state["rejected"] != 2


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
