"""Two tasks add one to a counter, with an await between reading and writing.

Racy: A1 reads, A2 writes; B alike. Four steps in two fixed orders: 4! / (2! 2!) = 6 schedules. Only A1 A2
B1 B2 and B1 B2 A1 A2 count to two, the 4 others fail.

Safe: A1 takes the lock (an `anyio.Lock` yields after it was taken), A2 reads, A3 writes and lets go. B1
comes after A1, A2 or A3. In the first two cases B waits, and nothing but A can go on until A3; then B2 and
B3 follow. That makes 3 schedules in which A is first, and 3 in which B is: 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Lock, Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (6, 4)
SAFE = 6
KIND = "exception"


async def racy() -> None:
    """Count without a lock."""
    counter = 0

    async def increment() -> None:
        nonlocal counter
        before = counter
        await anyio.lowlevel.checkpoint()
        counter = before + 1

    async with anyio.create_task_group() as group:
        group.start_soon(increment)
        group.start_soon(increment)
    assert counter == 2, f"counted {counter}"


async def safe() -> None:
    """Hold a lock from the reading to the writing."""
    counter = 0
    lock = anyio.Lock()

    async def increment() -> None:
        nonlocal counter
        async with lock:
            before = counter
            await anyio.lowlevel.checkpoint()
            counter = before + 1

    async with anyio.create_task_group() as group:
        group.start_soon(increment)
        group.start_soon(increment)
    assert counter == 2, f"counted {counter}"


def racy_model() -> Model:
    """Of `racy`."""
    counter = 0

    def increment() -> Steps:
        nonlocal counter
        before = counter
        yield
        counter = before + 1

    return Model([increment(), increment()], lambda: counter == 2)


def safe_model() -> Model:
    """Of `safe`."""
    counter, lock = 0, Lock()

    def increment() -> Steps:
        nonlocal counter
        yield from lock.acquire()
        before = counter
        yield
        counter = before + 1
        lock.release()

    return Model([increment(), increment()], lambda: counter == 2)
