"""A connection is counted as out before it greets the server, and given back by a block that begins after it.

A task that is cancelled while it greets never gives it back. Safe: the block begins with the counting.
"""

from __future__ import annotations

import anyio
import anyio.lowlevel

KIND = "exception"


async def racy() -> None:
    """Greet before the block."""
    in_use = 0

    async def use() -> None:
        nonlocal in_use
        in_use += 1
        await anyio.lowlevel.checkpoint()
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            in_use -= 1

    async with anyio.create_task_group() as group:
        group.start_soon(use)
        group.start_soon(use)
    assert in_use == 0, f"{in_use} in use"


async def safe() -> None:
    """Greet within the block."""
    in_use = 0

    async def use() -> None:
        nonlocal in_use
        in_use += 1
        try:
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
        finally:
            in_use -= 1

    async with anyio.create_task_group() as group:
        group.start_soon(use)
        group.start_soon(use)
    assert in_use == 0, f"{in_use} in use"
