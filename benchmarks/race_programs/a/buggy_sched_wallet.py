"""Prepaid wallet: a top-up normally arrives long after the purchase is finished.
SCHEDULE-DEPENDENT
RACE: lost update - Wallet.pay reads `self.state.credit` (# READ), awaits the merchant, then stores the reduced credit
(# ACT); a top-up that arrives during the merchant's answer is lost. In the default order the top-up comes later.
"""
# OTHER ORDER: TOPUP_AT=0.02
import sys
from dataclasses import dataclass

import anyio

TOPUP_AT = 0.12


@dataclass
class WalletState:
    credit: int
    paid: int = 0
    topped_up: int = 0


class Merchant:
    async def authorize(self, cents):
        await anyio.sleep(0.04)
        return cents < 1000


class Wallet:
    def __init__(self, credit, merchant):
        self.state = WalletState(credit)
        self.merchant = merchant

    @property
    def credit(self):
        return self.state.credit

    async def pay(self, cents):
        credit = self.credit  # READ
        if credit < cents:
            return False
        if not await self.merchant.authorize(cents):
            return False
        self.state.credit = credit - cents  # ACT
        self.state.paid += cents
        return True

    def top_up(self, cents):
        self.state.credit += cents
        self.state.topped_up += cents


async def bank(wallet, cents):
    await anyio.sleep(TOPUP_AT)
    wallet.top_up(cents)


def damage(wallet) -> bool:
    s = wallet.state
    return s.credit != 100 - s.paid + s.topped_up


async def main():
    wallet = Wallet(100, Merchant())
    async with anyio.create_task_group() as tg:
        tg.start_soon(wallet.pay, 30)
        tg.start_soon(bank, wallet, 50)
    print(wallet.state, "damage", damage(wallet))
    return wallet


if __name__ == "__main__":
    anyio.run(main, backend=(sys.argv[1:] or ["asyncio"])[0])
