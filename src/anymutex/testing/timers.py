"""Timers: the timers of one driven run of asyncio, which keeps its own to itself.

Rule 1. A timer at infinity is none: `anyio.sleep_forever` sets one, and nobody is ever woken by it.
Rule 2. asyncio runs what is due before the end of its clock's tick. Beside a very late time a tick is
        nothing: such a timer is set a trifle early, else it would never be due.
"""

from __future__ import annotations

import math
import time
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

TICK = time.get_clock_info("monotonic").resolution


class Timers:
    """Those that were set, the next one first; times are in virtual seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = count()  # so that timers of one time are never compared

    def add(self, when: float, timer: asyncio.TimerHandle) -> None:
        """`timer` was set for `when`."""
        if when < math.inf:
            heappush(self._heap, (when, next(self._number), timer))

    def next_after(self, now: float) -> float:
        """When the next one is due after `now`; infinity if there is none."""
        heap = self._heap
        while heap and (heap[0][0] <= now or heap[0][2].cancelled()):
            heappop(heap)
        return heap[0][0] if heap else math.inf

    def ahead(self) -> list[asyncio.TimerHandle]:
        """All but those that were due when `next_after` was asked last."""
        return [timer for _, _, timer in self._heap]

    def cancel(self) -> None:
        """The run is over."""
        for _, _, timer in self._heap:
            timer.cancel()
        self._heap.clear()


def settable(when: float) -> float:
    """The time to be given to asyncio for a timer that is due at `when`.

    >>> settable(60.0), settable(1e18) < 1e18
    (60.0, True)
    """
    return math.nextafter(when, 0.0) if when + TICK == when < math.inf else when


def is_ahead(timer: asyncio.TimerHandle, now: float) -> bool:
    """Whether `timer` will wake somebody, or does so now."""
    return not timer.cancelled() and timer.when() >= settable(now)
