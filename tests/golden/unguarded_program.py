"""An access to a guarded map without its lock."""

from __future__ import annotations

import anyio

from anymutex import Mutex, SharedMap


class Stock:
    """What is in the shop."""

    def __init__(self) -> None:
        self.mux = Mutex()
        self.apples: SharedMap[str, int] = SharedMap({"red": 3}, guarded_by=self.mux)

    async def sell(self) -> None:
        """Read under the lock, write outside."""
        async with self.mux:
            left = self.apples["red"]
        self.apples["red"] = left - 1


async def main() -> None:
    """Sell in a task of its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(Stock().sell)
