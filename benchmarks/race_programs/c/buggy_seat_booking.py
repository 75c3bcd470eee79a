"""Booking backend of a small cinema with an external payment step.
RACE: check-then-act (capacity) - Screening.has_room checked in BookingApi.book, appended in BookingApi._confirm
"""

from dataclasses import dataclass, field

import anyio


class SoldOut(Exception):
    pass


@dataclass
class Screening:
    title: str
    capacity: int
    tickets: list[str] = field(default_factory=list)

    def has_room(self) -> bool:
        return len(self.tickets) < self.capacity


class PaymentGateway:
    async def charge(self, customer: str, cents: int) -> str:
        await anyio.sleep(0.03)
        return f"pay_{customer}_{cents}"


class BookingApi:
    def __init__(self, gateway: PaymentGateway) -> None:
        self.gateway = gateway
        self.screenings: dict[str, Screening] = {}

    def _require_room(self, slot: str) -> Screening:
        screening = self.screenings[slot]
        if not screening.has_room():
            raise SoldOut(slot)
        return screening

    async def book(self, slot: str, customer: str) -> str:
        screening = self._require_room(slot)
        receipt = await self.gateway.charge(customer, 1200)
        return self._confirm(screening, customer, receipt)

    def _confirm(self, screening: Screening, customer: str, receipt: str) -> str:
        screening.tickets.append(f"{customer}:{receipt}")
        return receipt


async def main():
    api = BookingApi(PaymentGateway())
    api.screenings["20:15"] = Screening("Metropolis", capacity=2)
    refused = []

    async def customer(name: str) -> None:
        try:
            await api.book("20:15", name)
        except SoldOut:
            refused.append(name)

    async with anyio.create_task_group() as tg:
        for name in ("ann", "bob", "cyd", "dee"):
            tg.start_soon(customer, name)
    screening = api.screenings["20:15"]
    return {"sold": len(screening.tickets), "capacity": screening.capacity, "refused": refused}


def damage(state) -> bool:
    return state["sold"] > state["capacity"]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
