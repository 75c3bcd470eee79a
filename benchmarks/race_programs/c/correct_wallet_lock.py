"""Prepaid wallet of a game shop: top-ups are checked against the payment provider.
CORRECT: lock held across - Wallet.exclusive wraps the quote, the authorization and the booking
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass
class Wallet:
    owner: str
    _cents: int = 0
    journal: list = field(default_factory=list)
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    @asynccontextmanager
    async def exclusive(self):
        async with self._lock:
            yield self

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
    async def _authorize(self, quote: Quote) -> str:
        await anyio.sleep(0.02)
        return f"auth-{quote.amount}"

    async def top_up(self, wallet: Wallet, amount: int) -> None:
        async with wallet.exclusive():
            quote = Quote(wallet, wallet.available, amount)
            ref = await self._authorize(quote)
            self._book(quote, ref)

    @staticmethod
    def _book(quote: Quote, ref: str) -> None:
        quote.wallet.set_available(quote.after, ref)


async def main():
    wallet = Wallet("mia")
    service = TopUpService()
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
