"""Ad campaign billing: bids are accepted while the sum of the spendings allows it.

RACE: check-then-act - place() computes `left = budget - sum(self.spendings.values())`,
awaits the ad exchange and then adds the cost; two auctions won in parallel overspend
the campaign budget.
"""
from collections import defaultdict

import anyio


class Exchange:
    def __init__(self, latency):
        self.latency = latency

    async def bid(self, slot, cents):
        await anyio.sleep(self.latency)
        return cents - 1  # second price


class Campaign:
    def __init__(self, name, budget):
        self.name = name
        self.budget = budget
        self.spendings = defaultdict(int)

    @property
    def left(self):
        return self.budget - sum(self.spendings.values())


class Bidder:
    def __init__(self, exchange):
        self.exchange = exchange
        self.wins = []

    async def place(self, campaign, site, cents):
        left = campaign.left
        if left < cents:
            return None
        price = await self.exchange.bid(site, cents)
        campaign.spendings[site] += price
        self.wins.append((campaign.name, site, price))
        return price


async def main():
    bidder = Bidder(Exchange(0.07))
    shoes = Campaign("shoes", 100)
    hats = Campaign("hats", 500)

    async def page_view(campaign, site, cents, delay):
        await anyio.sleep(delay)
        await bidder.place(campaign, site, cents)

    async with anyio.create_task_group() as tg:
        tg.start_soon(page_view, shoes, "news", 70, 0)
        tg.start_soon(page_view, shoes, "blog", 60, 0.035)
        tg.start_soon(page_view, hats, "blog", 60, 0.035)
        tg.start_soon(page_view, shoes, "news", 70, 0.16)
    return {"left": {"shoes": shoes.left, "hats": hats.left}, "wins": bidder.wins}


def damage(state):
    return any(left < 0 for left in state["left"].values())


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
