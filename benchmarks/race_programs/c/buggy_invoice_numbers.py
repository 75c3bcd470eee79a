"""Invoicing: numbers must be unique and without holes.
RACE: lost update (id allocation) - Ledger.next_number reads the maximum, Ledger.add stores the invoice after rendering
"""

from dataclasses import dataclass

import anyio


@dataclass(frozen=True)
class Invoice:
    number: int
    customer: str
    pdf: str


class Ledger:
    def __init__(self) -> None:
        self.invoices: list[Invoice] = []

    def next_number(self) -> int:
        return max((inv.number for inv in self.invoices), default=0) + 1

    def add(self, invoice: Invoice) -> None:
        self.invoices.append(invoice)


class Renderer:
    async def pages(self, number: int, customer: str):
        for part in ("head", "lines", "total"):
            await anyio.sleep(0.01)
            yield f"{part}:{number}:{customer}"


class InvoiceService:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.renderer = Renderer()

    async def issue(self, customer: str) -> Invoice:
        number = self.ledger.next_number()
        parts = [part async for part in self.renderer.pages(number, customer)]
        invoice = Invoice(number, customer, "\n".join(parts))
        self.ledger.add(invoice)
        return invoice


async def main():
    ledger = Ledger()
    service = InvoiceService(ledger)
    async with anyio.create_task_group() as tg:
        for customer in ("acme", "globex", "initech"):
            tg.start_soon(service.issue, customer)
    await service.issue("umbrella")
    return sorted(inv.number for inv in ledger.invoices)


def damage(state) -> bool:
    return state != [1, 2, 3, 4]


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
