"""Online auction: a bid must beat the leading bid; the bidder's funds are verified remotely.
RACE: check-then-act - Auction.place_bid compares with `self.lead.amount` (# READ), awaits verify_funds, then sets
`self.lead` (# ACT); a slow lower bid replaces a higher one that came in meanwhile.
"""
import sys
from typing import NamedTuple

import anyio


class Bid(NamedTuple):
    bidder: str
    amount: int


class FundsService:
    def __init__(self, delays):
        self._delays = delays

    async def verify(self, bid):
        await anyio.sleep(self._delays[bid.bidder])
        return bid.amount <= 1000


class Auction:
    def __init__(self, lot, reserve, funds):
        self.lot = lot
        self._lead = Bid("house", reserve)
        self._funds = funds
        self.history = []

    @property
    def lead(self):
        return self._lead

    @lead.setter
    def lead(self, bid):
        self.history.append(bid)
        self._lead = bid  # ACT

    def outbids(self, bid):
        return bid.amount > self.lead.amount  # READ

    async def place_bid(self, bid):
        if not self.outbids(bid):
            return "too low"
        if not await self._funds.verify(bid):
            return "no funds"
        self.lead = bid
        return "leading"


async def bidder(auction, bid, start, answers):
    await anyio.sleep(start)
    answers[bid.bidder] = await auction.place_bid(bid)


def damage(auction) -> bool:
    return auction.lead.amount < max(b.amount for b in auction.history)


async def main():
    auction = Auction("clock", 50, FundsService({"ann": 0.12, "bob": 0.02, "cid": 0.02}))
    answers = {}
    async with anyio.create_task_group() as tg:
        tg.start_soon(bidder, auction, Bid("ann", 80), 0, answers)
        tg.start_soon(bidder, auction, Bid("bob", 120), 0.04, answers)
        tg.start_soon(bidder, auction, Bid("cid", 60), 0.2, answers)
    print(answers, auction.lead, "damage", damage(auction))
    return auction


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
