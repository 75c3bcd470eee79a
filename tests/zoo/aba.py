"""A stack whose top is compared before it is swapped: the top is the same again, but not what is below it.

Racy: P1 sees a on top and b below, P2 makes b the top if a still is the top; else P2 looks again, and so on.
O1 takes a away, O2 takes b away, O3 puts a back, upon c. If O1, O2 and O3 all come between P1 and P2, then b
is the top, though it was taken away: 1 schedule fails. The model below counts the others.

Safe: each change has a number, and the numbers are compared. P looks again where it did before, and in
the one schedule that failed too, where it is alone by then: as many schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (15, 1)
SAFE = 15
KIND = "exception"


class Stack:
    """Of names; the last one is the top. It counts its changes."""

    def __init__(self) -> None:
        self.names = ["c", "b", "a"]
        self.changes = 0

    def pop(self) -> None:
        """Take the top away."""
        self.names.pop()
        self.changes += 1

    def push(self, name: str) -> None:
        """Put one on top."""
        self.names.append(name)
        self.changes += 1


async def others(stack: Stack) -> None:
    """Take two away, and put the first one back."""
    stack.pop()
    await anyio.lowlevel.checkpoint()
    stack.pop()
    await anyio.lowlevel.checkpoint()
    stack.push("a")


async def racy() -> None:
    """Compare the top."""
    stack = Stack()

    async def pop() -> None:
        while True:
            top, below = stack.names[-1], stack.names[:-1]
            await anyio.lowlevel.checkpoint()
            if stack.names[-1] == top:
                stack.names = below
                return

    async with anyio.create_task_group() as group:
        group.start_soon(others, stack)
        group.start_soon(pop)
    assert "b" not in stack.names, f"there is {stack.names}"


async def safe() -> None:
    """Compare the number of changes."""
    stack = Stack()

    async def pop() -> None:
        while True:
            seen, below = stack.changes, stack.names[:-1]
            await anyio.lowlevel.checkpoint()
            if stack.changes == seen:
                stack.names = below
                stack.changes += 1
                return

    async with anyio.create_task_group() as group:
        group.start_soon(others, stack)
        group.start_soon(pop)
    assert len(stack.names) == 1, f"there is {stack.names}"


def model(*, numbers: bool) -> Model:
    """The same without an event loop."""
    names = ["c", "b", "a"]
    changes = 0

    def pop() -> Steps:
        nonlocal names, changes
        is_same = False
        while not is_same:
            top, below, seen = names[-1], names[:-1], changes
            yield
            is_same = changes == seen if numbers else names[-1] == top
        names, changes = below, changes + 1

    def others() -> Steps:
        nonlocal names, changes
        names, changes = names[:-1], changes + 1
        yield
        names, changes = names[:-1], changes + 1
        yield
        names, changes = [*names, "a"], changes + 1

    return Model([others(), pop()], lambda: len(names) == 1)


def racy_model() -> Model:
    """Of `racy`."""
    return model(numbers=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(numbers=True)
