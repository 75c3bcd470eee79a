"""The cured program, as the soaks and the fairness figures run it: one writer, one reader, one lock."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from anymutex import SharedMap

Lock: TypeAlias = AbstractAsyncContextManager[object]


@dataclass
class Tally:
    """What the two tasks have done so far, and the longest that either stood before the lock."""

    writes: int = 0
    passes: int = 0
    longest_wait: float = 0.0

    def waited_since(self, started: float) -> None:
        """Note a wait that has just ended."""
        self.longest_wait = max(self.longest_wait, perf_counter() - started)


async def run_program_2(lock: Lock, seconds: float) -> Tally:
    """Run the cured program for a while; a conflict, if there is one, comes out as it is raised."""
    m: SharedMap[int, int] = SharedMap()
    tally = Tally()
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            group.start_soon(write_loop, m, lock, tally)
            group.start_soon(read_loop, m, lock, tally)
    return tally


async def write_loop(m: SharedMap[int, int], lock: Lock, tally: Tally) -> None:
    """Write for ever, the lock taken around each single write."""
    while True:
        for i in range(100):
            started = perf_counter()
            async with lock:
                tally.waited_since(started)
                m[i] = i
            tally.writes += 1


async def read_loop(m: SharedMap[int, int], lock: Lock, tally: Tally) -> None:
    """Read for ever, the lock held over the whole iteration; the checkpoint stands for printing."""
    while True:
        started = perf_counter()
        async with lock:
            tally.waited_since(started)
            for _ in m.items():
                await checkpoint()
        tally.passes += 1
