"""anymutex.KeyedMutex."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint

from anymutex import KeyedMutex


async def one_at_a_time_for_a_key() -> None:
    """And no lock is left at the end."""
    users = KeyedMutex[str]()
    balances = {"ann": 0, "bob": 0}

    async def deposit(user: str) -> None:
        async with users[user]:
            before = balances[user]
            await checkpoint()
            balances[user] = before + 1

    async with anyio.create_task_group() as group:
        for user in ("ann", "bob", "ann", "ann"):
            group.start_soon(deposit, user)
    assert balances == {"ann": 3, "bob": 1}
    assert len(users) == 0


async def other_keys_are_free() -> None:
    """Two who hold a key each wait for each other inside."""
    users = KeyedMutex[str]()
    here, there = anyio.Event(), anyio.Event()

    async def meet(user: str, mine: anyio.Event, others: anyio.Event) -> None:
        async with users[user]:
            mine.set()
            await others.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(meet, "ann", here, there)
        group.start_soon(meet, "bob", there, here)
    assert len(users) == 0


async def transfers_in_both_directions() -> None:
    """`all_of` takes both in an order that all agree on."""
    accounts = KeyedMutex[str]()
    balances = {"ann": 10, "bob": 10, "eve": 10}

    async def transfer(source: str, target: str) -> None:
        async with accounts.all_of(source, target):
            before = balances[source], balances[target]
            await checkpoint()
            balances[source], balances[target] = before[0] - 1, before[1] + 1

    async with anyio.create_task_group() as group:
        for source, target in (("ann", "bob"), ("bob", "ann"), ("bob", "eve"), ("eve", "ann")):
            group.start_soon(transfer, source, target)
    assert balances == {"ann": 11, "bob": 9, "eve": 10}
    assert len(accounts) == 0


async def given_up_by_a_cancelled_waiter() -> None:
    """It leaves no lock behind."""
    users = KeyedMutex[str]()
    scope = anyio.CancelScope()

    async def wait() -> None:
        with scope:
            async with users.all_of("bob", "ann"):
                raise AssertionError("it was cancelled")

    async with anyio.create_task_group() as group, users["ann"]:
        group.start_soon(wait)
        await checkpoint()
        scope.cancel()
    assert len(users) == 0
