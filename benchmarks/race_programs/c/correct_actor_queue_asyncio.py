"""Bank ledger as an actor: commands with futures go through one queue.
CORRECT: single-writer task - balances are read before and written after an await, but only by the actor
"""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Transfer:
    source: str
    target: str
    amount: int
    done: asyncio.Future = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Ledger:
    def __init__(self, balances: dict[str, int]) -> None:
        self.balances = dict(balances)
        self.mailbox: asyncio.Queue[Transfer | None] = asyncio.Queue()

    async def _fraud_check(self, transfer: Transfer) -> bool:
        await asyncio.sleep(0.004)
        return transfer.amount < 1000

    def _balance(self, account: str) -> int:
        return self.balances[account]

    async def _apply(self, transfer: Transfer) -> str:
        source = self._balance(transfer.source)
        target = self._balance(transfer.target)
        if source < transfer.amount:
            return "no funds"
        if not await self._fraud_check(transfer):
            return "blocked"
        self.balances[transfer.source] = source - transfer.amount
        self.balances[transfer.target] = target + transfer.amount
        return "ok"

    async def run(self) -> None:
        while (transfer := await self.mailbox.get()) is not None:
            transfer.done.set_result(await self._apply(transfer))

    async def transfer(self, source: str, target: str, amount: int) -> str:
        command = Transfer(source, target, amount)
        await self.mailbox.put(command)
        return await command.done


async def main():
    ledger = Ledger({"ann": 100, "bob": 100})
    actor = asyncio.create_task(ledger.run())
    results = await asyncio.gather(
        ledger.transfer("ann", "bob", 70),
        ledger.transfer("ann", "bob", 70),
        ledger.transfer("bob", "ann", 5000),
        ledger.transfer("bob", "ann", 10),
    )
    await ledger.mailbox.put(None)
    await actor
    return {"balances": ledger.balances, "ok": results.count("ok")}


def damage(state) -> bool:
    balances = state["balances"]
    return sum(balances.values()) != 200 or min(balances.values()) < 0 or state["ok"] not in (2, 3)


if __name__ == "__main__":
    result = asyncio.run(main())
    print("DAMAGE" if damage(result) else "ok", result)
