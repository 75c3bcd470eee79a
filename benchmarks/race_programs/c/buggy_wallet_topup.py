"""Prepaid wallet of a game shop: top-ups are checked against the payment provider.
RACE: lost update - balance read in Wallet.available/TopUpService._quote, written in Wallet.set_available
"""

from dataclasses import dataclass, field

import anyio


@dataclass
class Wallet:
    owner: str
    _cents: int = 0
    journal: list = field(default_factory=list)

    @property
    def available(self) -> int:
        return self._cents

    def set_available(self, cents: int, memo: str) -> None:
        self._cents = cents
        self.journal.append((memo, cents))


@dataclass
class Quote:
    wallet: Wallet
    before: int
    amount: int

    @property
    def after(self) -> int:
        return self.before + self.amount


class TopUpService:
    def __init__(self, latency: float) -> None:
        self.latency = latency

    def _quote(self, wallet: Wallet, amount: int) -> Quote:
        return Quote(wallet, wallet.available, amount)

    async def _authorize(self, quote: Quote) -> str:
        await anyio.sleep(self.latency)
        return f"auth-{quote.amount}"

    async def top_up(self, wallet: Wallet, amount: int) -> None:
        quote = self._quote(wallet, amount)
        ref = await self._authorize(quote)
        self._book(quote, ref)

    @staticmethod
    def _book(quote: Quote, ref: str) -> None:
        quote.wallet.set_available(quote.after, ref)


async def main():
    wallet = Wallet("mia")
    service = TopUpService(0.02)
    async with anyio.create_task_group() as tg:
        for amount in (500, 1000, 2500):
            tg.start_soon(service.top_up, wallet, amount)
    return {"balance": wallet.available, "entries": len(wallet.journal)}


def damage(state) -> bool:
    return state["balance"] != 4000


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
