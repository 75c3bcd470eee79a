"""Who loads a value leaves a marker, and the others wait for it to be set.

A task that is cancelled while it loads leaves the marker there, and the others wait for ever. Safe: it takes
the marker away and wakes them, and one of them loads.
"""

from __future__ import annotations

import anyio
import anyio.lowlevel

KIND = "deadlock"


async def racy() -> None:
    """Set it when the value is there."""
    markers: dict[str, anyio.Event] = {}

    async def load() -> None:
        if "key" in markers:
            await markers["key"].wait()
            return
        markers["key"] = anyio.Event()
        await anyio.lowlevel.checkpoint()
        markers["key"].set()

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        group.start_soon(load)


async def safe() -> None:
    """Set it in any case, and look again whether the value is there."""
    values: dict[str, str] = {}
    markers: dict[str, anyio.Event] = {}

    async def load() -> None:
        while "key" not in values:
            if "key" in markers:
                await markers["key"].wait()
                continue
            markers["key"] = anyio.Event()
            try:
                await anyio.lowlevel.checkpoint()
                values["key"] = "value"
            finally:
                markers.pop("key").set()

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        group.start_soon(load)
