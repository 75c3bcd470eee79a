"""Online auction: a bid must beat the leading bid; the bidder's funds are verified remotely.
SAFE BECAUSE: the comparison with the lead is repeated after verify(), directly before the assignment; the first
comparison only spares a useless funds check.
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
        self.history = [self._lead]

    @property
    def lead(self):
        return self._lead

    @lead.setter
    def lead(self, bid):
        self.history.append(bid)
        self._lead = bid

    def outbids(self, bid):
        return bid.amount > self.lead.amount

    async def place_bid(self, bid):
        if not self.outbids(bid):
            return "too low"
        if not await self._funds.verify(bid):
            return "no funds"
        if not self.outbids(bid):
            return "outbid meanwhile"
        self.lead = bid
        return "leading"


async def bidder(auction, bid, start, answers):
    await anyio.sleep(start)
    answers[bid.bidder] = await auction.place_bid(bid)


def damage(auction) -> bool:
    amounts = [b.amount for b in auction.history]
    return amounts != sorted(amounts) or auction.lead.amount != 120


async def main():
    auction = Auction("clock", 50, FundsService({"ann": 0.03, "bob": 0.005, "cid": 0.005, "dan": 0.001}))
    answers = {}
    async with anyio.create_task_group() as tg:
        tg.start_soon(bidder, auction, Bid("ann", 80), 0, answers)
        tg.start_soon(bidder, auction, Bid("bob", 120), 0.01, answers)
        tg.start_soon(bidder, auction, Bid("cid", 60), 0.002, answers)
        tg.start_soon(bidder, auction, Bid("dan", 5000), 0.005, answers)
    print(answers, auction.lead, "damage", damage(auction))
    return auction


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
