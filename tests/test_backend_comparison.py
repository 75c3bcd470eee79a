"""Does my program do the same on asyncio, uvloop and trio? Copy this file and put your own programs in it.

A program is an async function without arguments. It makes its own locks and maps, and returns what matters in
a form whose `repr` is the same whenever the meaning is: a sorted list rather than a set. The test itself is
a plain function, for `compare` starts the event loops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anymutex import Mutex, SharedMap, compare

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def transfer_money() -> dict[str, int]:
    """Two tasks move money between two accounts, one await inside each move."""
    accounts = SharedMap({"savings": 100, "current": 0})
    mux = Mutex()

    async def transfer(amount: int) -> None:
        async with mux:
            left = accounts["savings"] - amount
            await checkpoint()
            accounts["savings"] = left
            accounts["current"] += amount

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transfer, 50)
        tasks.start_soon(transfer, 30)
    return accounts.snapshot()


async def sell_more_than_there_is() -> None:
    """An exception in a child task; the groups around it are not part of the comparison."""
    stock = SharedMap({"apple": 1})

    async def sell(count: int) -> None:
        if stock["apple"] < count:
            raise ValueError(f"only {stock['apple']} left")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sell, 2)


async def serve_for_ever() -> None:
    """A program that never ends by itself needs `seconds`."""
    sessions = SharedMap[int, str]()
    mux = Mutex()

    async def serve(number: int) -> None:
        while True:
            async with mux:
                sessions[number] = "open"
            await checkpoint()

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(serve, number)


@pytest.mark.parametrize("program", [transfer_money, sell_more_than_there_is])
def test_all_backends_agree(program: Callable[[], Awaitable[object]]) -> None:
    """The one line that most projects need."""
    compare(program).check()


def test_no_conflict_under_load() -> None:
    """For a short while, on every backend."""
    comparison = compare(serve_for_ever, seconds=0.1).check()

    assert [row.conflicts for row in comparison.rows] == [0, 0, 0]
    assert all(row.operations for row in comparison.rows)


def test_the_money_is_all_there() -> None:
    """What the backends agree on is also right."""
    first, *_ = compare(transfer_money).check().rows

    assert first.value == "{'savings': 20, 'current': 80}"
