"""What the demo measures."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import anyio

    from anymutex import Mutex


class Counts:
    """What the two tasks of one run did so far."""

    def __init__(self) -> None:
        self.reads = 0
        self.writes = 0
        self.passes = 0
        self.longest_wait = 0.0

    @asynccontextmanager
    async def timing(self, mux: anyio.Lock | Mutex) -> AsyncIterator[None]:
        """Hold `mux` for the length of a block, and keep the longest time that anybody waited for it."""
        started = time.perf_counter()
        async with mux:
            self.longest_wait = max(self.longest_wait, time.perf_counter() - started)
            yield
