"""A lock for each user: `KeyedMutex`. It is there while somebody has or wants it, and dropped afterwards.

Whoever works on one user waits for nobody else's. A transfer needs two at once: `all_of` takes them in an
order that all agree on, so that transfers in opposite directions do not wait for each other for ever.

    python examples/06_keyed_users.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

import anyio

import anymutex

users: anymutex.KeyedMutex[str] = anymutex.KeyedMutex()
balances: dict[str, int] = {}


async def deposit(user: str, amount: int) -> None:
    async with users[user]:
        balance = balances[user]
        await anyio.sleep(0.01)  # without the lock, who comes now would read the old balance
        balances[user] = balance + amount


async def transfer(source: str, target: str, amount: int) -> None:
    async with users.all_of(source, target):
        before = balances[source], balances[target]
        await anyio.sleep(0.01)
        balances[source], balances[target] = before[0] - amount, before[1] + amount


async def main() -> None:
    balances.update(ann=100, bob=100, eve=0)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(deposit, "eve", 7)
            tasks.start_soon(transfer, "ann", "bob", 5)
            tasks.start_soon(transfer, "bob", "ann", 3)
        await anyio.sleep(0.05)
        print(f"30 tasks, {len(users)} locks")
    print(f"ann {balances['ann']}, bob {balances['bob']}, eve {balances['eve']}")
    print(f"{len(users)} locks are left")


anymutex.run(main)
