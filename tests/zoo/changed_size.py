"""A task loops over a dict with an await in the body, another one adds a key.

Racy: R1 and R2 stand in the body, R3 leaves the loop; W1 adds the key. W1 before R1 is fine (R then takes
four steps), and so is W1 after R3. After R1 or R2 the next step of R raises. 4 schedules, 2 fail.

Safe: R loops over a copy. W1 before R1, after R1, after R2, after R3: 4 schedules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from schedulemodel import Model

if TYPE_CHECKING:
    from schedulemodel import Steps

RACY = (4, 2)
SAFE = 4
KIND = "exception"


async def racy() -> None:
    """Loop over the dict itself."""
    stock = {"apples": 1, "pears": 2}

    async def read() -> None:
        for _ in stock:
            await anyio.lowlevel.checkpoint()

    async def write() -> None:
        stock["plums"] = 3

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)


async def safe() -> None:
    """Loop over a copy."""
    stock = {"apples": 1, "pears": 2}

    async def read() -> None:
        for _ in list(stock):
            await anyio.lowlevel.checkpoint()

    async def write() -> None:
        stock["plums"] = 3

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)


def model(*, copies: bool) -> Model:
    """The same without an event loop: a dict that has grown is told at the reader's next step."""
    keys = ["apples", "pears"]
    is_right = True

    def read() -> Steps:
        nonlocal is_right
        size = len(keys)
        for _ in range(size):
            yield
            if len(keys) != size and not copies:
                is_right = False
                return

    def write() -> Steps:
        keys.append("plums")
        yield from ()

    return Model([read(), write()], lambda: is_right)


def racy_model() -> Model:
    """Of `racy`."""
    return model(copies=False)


def safe_model() -> Model:
    """Of `safe`."""
    return model(copies=True)
