"""Auction house: an actor task owns the auctions, bidders send it messages.

SAFE BECAUSE: only the actor reads and writes `best` and it handles one message at a
time, so its read-await-write window (the credit check) cannot overlap with another
writer; bidders hold nothing but the channel and their own reply.
"""
import anyio


class Bid:
    def __init__(self, bidder, lot, amount):
        self.bidder = bidder
        self.lot = lot
        self.amount = amount
        self.decided = anyio.Event()
        self.accepted = None

    def decide(self, accepted):
        self.accepted = accepted
        self.decided.set()


class AuctionActor:
    def __init__(self, inbox, credit):
        self.inbox = inbox
        self.credit = credit
        self.best = {}

    async def _check_credit(self, bid):
        await anyio.sleep(0.04)
        return self.credit[bid.bidder] >= bid.amount

    async def run(self):
        async with self.inbox:
            async for bid in self.inbox:
                amount, _ = self.best.get(bid.lot, (0, None))
                solvent = await self._check_credit(bid)
                if solvent and bid.amount > amount:
                    self.best[bid.lot] = (bid.amount, bid.bidder)
                    bid.decide(True)
                else:
                    bid.decide(False)


async def bidder(outbox, results, name, lot, amount, delay):
    async with outbox:
        await anyio.sleep(delay)
        bid = Bid(name, lot, amount)
        await outbox.send(bid)
        await bid.decided.wait()
        results[name] = bid.accepted


async def main():
    send, receive = anyio.create_memory_object_stream(10)
    actor = AuctionActor(receive, {"ann": 100, "bob": 60, "cid": 90})
    results = {}
    async with anyio.create_task_group() as tg:
        tg.start_soon(actor.run)
        async with send:
            for name, amount, delay in [("ann", 50, 0), ("bob", 70, 0.015), ("cid", 45, 0.03)]:
                tg.start_soon(bidder, send.clone(), results, name, "vase", amount, delay)
    return {"best": actor.best, "results": results}


def damage(state):
    return state != {"best": {"vase": (50, "ann")}, "results": {"ann": True, "bob": False, "cid": False}}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
