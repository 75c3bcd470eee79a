"""Wallet service: transfers between accounts with a fraud check in the middle.

RACE: lost update - `source = self._balance_of(...)` in transfer() reads the balance,
`self.ledger[src]["balance"] = source - amount` acts on it after the fraud check;
a deposit or another transfer made meanwhile is lost.
"""
import anyio


class FraudClient:
    def __init__(self, latency):
        self.latency = latency
        self.calls = 0

    async def score(self, src, dst, amount):
        self.calls += 1
        await anyio.sleep(self.latency)
        return 0.1 if amount < 1000 else 0.9


class WalletService:
    def __init__(self, fraud):
        self.fraud = fraud
        self.ledger = {}

    def open(self, owner, balance):
        self.ledger[owner] = {"balance": balance, "history": []}

    def _balance_of(self, owner):
        return self.ledger[owner]["balance"]

    async def transfer(self, src, dst, amount):
        source = self._balance_of(src)
        if source < amount:
            raise ValueError("insufficient funds")
        if await self.fraud.score(src, dst, amount) > 0.5:
            raise ValueError("blocked")
        self.ledger[src]["balance"] = source - amount
        self.ledger[dst]["balance"] += amount
        self.ledger[src]["history"].append((dst, -amount))
        self.ledger[dst]["history"].append((src, amount))

    def deposit(self, owner, amount):
        self.ledger[owner]["balance"] += amount
        self.ledger[owner]["history"].append(("cash", amount))


async def main():
    wallet = WalletService(FraudClient(0.08))
    wallet.open("ann", 100)
    wallet.open("bob", 0)
    wallet.open("cid", 0)

    async def teller():
        await anyio.sleep(0.04)
        wallet.deposit("ann", 50)

    async with anyio.create_task_group() as tg:
        tg.start_soon(wallet.transfer, "ann", "bob", 30)
        tg.start_soon(teller)
    return wallet.ledger


def damage(state):
    return sum(acc["balance"] for acc in state.values()) != 150


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
