"""Two transfers between two accounts, each with a lock for each account: AB-BA through a KeyedMutex.

A Mutex lets the others in before it is taken, if it is free; the model below counts with that.

Racy: who holds one account and waits for the other one's waits for ever, if the other does the same.

Safe: `all_of` takes both in an order that the groups under way agree on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from schedulemodel import Model, Mutex

from anymutex import KeyedMutex

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (14, 6)
SAFE = 12
KIND = "deadlock"


async def racy() -> None:
    """Lock the source, then the target."""
    accounts = KeyedMutex[str](deadlock="wait")

    async def transfer(source: str, target: str) -> None:
        async with accounts[source], accounts[target]:
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(transfer, "ann", "bob", name="ann to bob")
        group.start_soon(transfer, "bob", "ann", name="bob to ann")


async def safe() -> None:
    """Lock both as a group."""
    accounts = KeyedMutex[str](deadlock="wait")

    async def transfer(source: str, target: str) -> None:
        async with accounts.all_of(source, target):
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(transfer, "ann", "bob", name="ann to bob")
        group.start_soon(transfer, "bob", "ann", name="bob to ann")


def racy_model() -> Model:
    """Of `racy`."""
    ann, bob = Mutex(), Mutex()

    def transfer(source: Mutex, target: Mutex) -> Steps:
        yield from source.acquire()
        yield from target.acquire()
        target.release()
        source.release()

    return Model([transfer(ann, bob), transfer(bob, ann)])


def safe_model() -> Model:
    """Of `safe`: whoever is first decides about the order, until both accounts are free again."""
    ann, bob = Mutex(), Mutex()
    agreed: list[list[Mutex]] = []

    def transfer(source: Mutex, target: Mutex) -> Steps:
        agreed.append(agreed[0] if agreed else [source, target])
        order = agreed[0]
        for account in order:
            yield from account.acquire()
        for account in order:
            account.release()
        agreed.pop()

    return Model([transfer(ann, bob), transfer(bob, ann)])
