"""Two transfers in opposite directions lock the two accounts in opposite order."""

from __future__ import annotations

import anyio
import anyio.lowlevel

from anymutex import KeyedMutex

accounts: KeyedMutex[str] = KeyedMutex("accounts")
balances = {"x": 100, "y": 100}


async def transfer(source: str, target: str, amount: int, asked: anyio.Event, answer: anyio.Event) -> None:
    """Lock the source, ask the bank, lock the target."""
    async with accounts[source]:
        asked.set()
        await answer.wait()
        async with accounts[target]:
            balances[source] -= amount
            balances[target] += amount


async def main() -> None:
    """Transfer in both directions; the bank answers the first one first."""
    asked, answers = [anyio.Event(), anyio.Event()], [anyio.Event(), anyio.Event()]
    async with anyio.create_task_group() as group:
        group.start_soon(transfer, "x", "y", 10, asked[0], answers[0], name="transfer x->y")
        group.start_soon(transfer, "y", "x", 20, asked[1], answers[1], name="transfer y->x")
        for event in asked:
            await event.wait()
        answers[0].set()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        answers[1].set()
