"""A task loops over a SharedMap with an await in the body, another one replaces a value: Go's example.

Racy: R1 and R2 stand in the body, R3 leaves the loop; W1 writes. Before R1 and after R3 it is fine; after
R1 or R2 the next step of R raises ConflictError. 4 schedules, 2 fail.

Safe: both hold a Mutex, which in a driven run yields before it takes a free lock, and not where it has to
wait. R1 yields, R2 takes the lock and stands in the body, R3 stands there again, R4 lets go. The gaps
before R1, after R1 and after R4 are free, those after R2 and R3 are not. In a free gap W1 yields; W2 is all
of the rest in a free gap, and waits for R4 in another, and then W3 follows. In a gap that is not free W1
waits, and W2 follows after R4.
- W1 before R1: W2 in any of five gaps: 5
- W1 after R1: W2 in any of four: 4
- W1 after R2 or R3: 2
- W1 after R4: 1
That makes 12 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import schedulemodel
from schedulemodel import Model

from anymutex import Mutex, SharedMap

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (4, 2)
SAFE = 12
KIND = "conflict"


async def racy() -> None:
    """Loop and write without a lock."""
    stock = SharedMap({"apples": 1, "pears": 2}, name="stock")

    async def read() -> None:
        for _ in stock:
            await anyio.lowlevel.checkpoint()

    async def write() -> None:
        stock["apples"] = 3

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)


async def safe() -> None:
    """Hold one lock over the whole loop and for the write."""
    stock = SharedMap({"apples": 1, "pears": 2}, name="stock")
    mux = Mutex("mux")

    async def read() -> None:
        async with mux:
            for _ in stock:
                await anyio.lowlevel.checkpoint()

    async def write() -> None:
        async with mux:
            stock["apples"] = 3

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)


def racy_model() -> Model:
    """Of `racy`: a write into the loop is told at the reader's next step."""
    writes = 0
    is_right = True

    def read() -> Steps:
        nonlocal is_right
        seen = writes
        for _ in range(2):
            yield
            if writes != seen:
                is_right = False
                return

    def write() -> Steps:
        nonlocal writes
        writes += 1
        yield from ()

    return Model([read(), write()], lambda: is_right)


def safe_model() -> Model:
    """Of `safe`."""
    mux = schedulemodel.Mutex()
    is_reading, is_right = False, True

    def read() -> Steps:
        nonlocal is_reading
        yield from mux.acquire()
        is_reading = True
        yield
        yield
        is_reading = False
        mux.release()

    def write() -> Steps:
        nonlocal is_right
        yield from mux.acquire()
        is_right = not is_reading
        mux.release()

    return Model([read(), write()], lambda: is_right)
