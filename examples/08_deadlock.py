"""Two transfers in opposite directions, each with one account locked, each waiting for the other's: for ever.

Neither asyncio nor trio says anything about it. Here the task that closes the ring gets `DeadlockError`,
which tells who holds what since where, and who wants it. `users.all_of` in `06_keyed_users.py` is the cure.

    python examples/08_deadlock.py [--backend asyncio|uvloop|trio|all] [--seconds N]
"""

import anyio

import anymutex

accounts: anymutex.KeyedMutex[str] = anymutex.KeyedMutex()
balances = {"ann": 100, "bob": 100}


async def transfer(source: str, target: str, seconds: float) -> None:
    async with accounts[source]:
        await anyio.sleep(seconds)  # the bank allows it; meanwhile the other transfer locks its source
        async with accounts[target]:
            balances[source] -= 10
            balances[target] += 10


async def main() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transfer, "ann", "bob", 0.05, name="ann to bob")
        tasks.start_soon(transfer, "bob", "ann", 0.1, name="bob to ann")
    print(balances)


anymutex.run(main)
