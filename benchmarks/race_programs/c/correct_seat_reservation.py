"""Booking backend of a small cinema with an external payment step.
CORRECT: reservation before the await - a placeholder takes the seat, it is removed when the payment fails
"""

from dataclasses import dataclass, field

import anyio


class SoldOut(Exception):
    pass


class PaymentFailed(Exception):
    pass


@dataclass
class Screening:
    capacity: int
    tickets: dict[str, str] = field(default_factory=dict)

    def reserve(self, customer: str) -> None:
        if len(self.tickets) >= self.capacity:
            raise SoldOut
        self.tickets[customer] = "reserved"

    def confirm(self, customer: str, receipt: str) -> None:
        self.tickets[customer] = receipt

    def release(self, customer: str) -> None:
        self.tickets.pop(customer, None)


class PaymentGateway:
    async def charge(self, customer: str) -> str:
        await anyio.sleep(0.03)
        if customer.startswith("broke"):
            raise PaymentFailed(customer)
        return f"pay_{customer}"


class BookingApi:
    def __init__(self, screening: Screening) -> None:
        self.gateway = PaymentGateway()
        self.screening = screening
        self.refused: list[str] = []

    async def book(self, customer: str) -> None:
        try:
            self.screening.reserve(customer)
        except SoldOut:
            self.refused.append(customer)
            return
        try:
            receipt = await self.gateway.charge(customer)
        except PaymentFailed:
            self.screening.release(customer)
        else:
            self.screening.confirm(customer, receipt)


async def main():
    api = BookingApi(Screening(capacity=2))
    async with anyio.create_task_group() as tg:
        for name in ("ann", "broke-bob", "cyd", "dee"):
            tg.start_soon(api.book, name)
    return {"tickets": api.screening.tickets, "capacity": api.screening.capacity}


def damage(state) -> bool:
    tickets = state["tickets"]
    return len(tickets) > state["capacity"] or "reserved" in tickets.values()


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
