"""Wallet service: transfers between accounts with a fraud check in the middle.

SAFE BECAUSE: every reader-then-writer of a balance (transfer and deposit alike) holds
the one ledger lock over the whole window, including the await of the fraud check.
"""
import anyio


class FraudClient:
    def __init__(self, latency):
        self.latency = latency

    async def score(self, src, dst, amount):
        await anyio.sleep(self.latency)
        return 0.1 if amount < 1000 else 0.9


class WalletService:
    def __init__(self, fraud):
        self.fraud = fraud
        self.ledger = {}
        self._lock = anyio.Lock()

    def open(self, owner, balance):
        self.ledger[owner] = {"balance": balance, "history": []}

    def _balance_of(self, owner):
        return self.ledger[owner]["balance"]

    async def transfer(self, src, dst, amount):
        async with self._lock:
            source = self._balance_of(src)
            if source < amount:
                raise ValueError("insufficient funds")
            if await self.fraud.score(src, dst, amount) > 0.5:
                raise ValueError("blocked")
            self.ledger[src]["balance"] = source - amount
            self.ledger[dst]["balance"] += amount
            self.ledger[src]["history"].append((dst, -amount))
            self.ledger[dst]["history"].append((src, amount))

    async def deposit(self, owner, amount):
        async with self._lock:
            self.ledger[owner]["balance"] += amount
            self.ledger[owner]["history"].append(("cash", amount))


async def main():
    wallet = WalletService(FraudClient(0.06))
    wallet.open("ann", 100)
    wallet.open("bob", 0)

    async def teller():
        await anyio.sleep(0.03)
        await wallet.deposit("ann", 50)

    async def back():
        await anyio.sleep(0.08)
        await wallet.transfer("bob", "ann", 10)

    async with anyio.create_task_group() as tg:
        tg.start_soon(wallet.transfer, "ann", "bob", 30)
        tg.start_soon(teller)
        tg.start_soon(back)
    return {k: v["balance"] for k, v in wallet.ledger.items()}


def damage(state):
    return state != {"ann": 130, "bob": 20}


if __name__ == "__main__":
    import sys

    result = anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
    print(result, "DAMAGE" if damage(result) else "ok")
