"""Auction house: a bid must be higher than the leading one.
RACE: check-then-act - Auction.leading compared in BidDesk.place, Auction.accept stored after the deposit was blocked
"""

from dataclasses import dataclass

import anyio


@dataclass(order=True, frozen=True)
class Bid:
    amount: int
    bidder: str


class Auction:
    def __init__(self, lot: str, reserve: int) -> None:
        self.lot = lot
        self._leading = Bid(reserve, "house")
        self.history: list[Bid] = []

    @property
    def leading(self) -> Bid:
        return self._leading

    def accept(self, bid: Bid) -> None:
        self._leading = bid
        self.history.append(bid)


class Bank:
    SPEED = {"slowbank": 0.08, "fastbank": 0.02}

    async def block(self, bank: str, amount: int) -> str:
        await anyio.sleep(self.SPEED[bank])
        return f"{bank}-{amount}"


class BidDesk:
    def __init__(self, auction: Auction) -> None:
        self.auction = auction
        self.bank = Bank()
        self.deposits: list[str] = []

    async def place(self, bid: Bid, bank: str) -> bool:
        if bid.amount <= self.auction.leading.amount:
            return False
        self.deposits.append(await self.bank.block(bank, bid.amount))
        self.auction.accept(bid)
        return True


async def main():
    desk = BidDesk(Auction("Stradivari", reserve=100))
    async with anyio.create_task_group() as tg:
        tg.start_soon(desk.place, Bid(150, "ida"), "slowbank")
        tg.start_soon(desk.place, Bid(400, "otto"), "fastbank")
    return {"leading": desk.auction.leading.amount, "history": [b.amount for b in desk.auction.history]}


def damage(state) -> bool:
    return state["leading"] != max(state["history"])


if __name__ == "__main__":
    import sys

    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    result = anyio.run(main, backend=backend)
    print("DAMAGE" if damage(result) else "ok", result)
