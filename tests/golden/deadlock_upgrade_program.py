"""A reader that wants to write what it reads."""

from __future__ import annotations

import anyio

from anymutex import RWMutex

rates = RWMutex()
values = {"eur": 1.0}


async def correct(currency: str) -> None:
    """Look first, and write only if it is needed."""
    async with rates.reader:
        if values[currency] != 1.1:
            async with rates.writer:
                values[currency] = 1.1


async def main() -> None:
    """Correct in a task of its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(correct, "eur")
