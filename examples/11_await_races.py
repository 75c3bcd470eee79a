"""Three races in code that knows nothing of anymutex: `anymutex race examples/11_await_races.py` tells them.

Nothing fails here, and no line is wrong by itself: what was read before an await is acted on after it.
"""

from dataclasses import dataclass, field

import anyio
import anyio.to_thread


@dataclass
class Account:
    """Money of one customer."""

    balance: int = 100
    tokens: dict[str, str] = field(default_factory=dict)
    visits: int = 0

    def left_after(self, amount: int) -> int:
        """Tell what a payment would leave."""
        return self.balance - amount

    def count(self) -> None:
        """Count a visit."""
        self.visits += 1


async def pay(account: Account, amount: int) -> None:
    """Ask the bank between the look and the payment."""
    left = account.left_after(amount)
    await anyio.sleep(0.01)
    account.balance = left


async def token(account: Account, name: str) -> str:
    """Log in once, and keep the token."""
    if name not in account.tokens:
        await anyio.sleep(0.01)
        account.tokens[name] = f"{name}-{len(account.tokens)}"
    return account.tokens[name]


async def count(account: Account) -> None:
    """Count a visit, while a worker thread counts another."""
    visits = account.visits
    await anyio.to_thread.run_sync(account.count)
    account.visits = visits + 1


async def main() -> None:
    """Do all three, twice at a time."""
    account = Account()
    async with anyio.create_task_group() as tasks:
        for who in ("ann", "bob"):
            tasks.start_soon(pay, account, 30, name=f"{who} pays")
            tasks.start_soon(token, account, "shop", name=f"{who} logs in")
    await count(account)
    print(f"{account.balance=} {account.tokens=} {account.visits=}")
