"""TrioClock: the time of a driven run of trio, which stands still until somebody lets it jump."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

ENDLESS = 3600.0
"""Real seconds to wait for files and threads when there are none: it says that nothing can run."""


class TrioClock(trio.abc.Clock):
    """A clock that can begin again at 0, for the next run; `trio.testing.MockClock` can't go back.

    trio asks it how long to wait for files when no task can run. That is when a driver may let it jump.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.next_deadline = math.inf
        """As trio knew it when it asked last."""
        self.patience: Callable[[], float] = _none
        """How many real seconds to wait for files and threads now."""

    def begin(self, patience: Callable[[], float]) -> None:
        """A run begins."""
        self.now = 0.0
        self.patience = patience

    def end(self) -> None:
        """It is over: nobody waits between two runs."""
        self.patience = _none

    def jump(self, seconds: float) -> None:
        """Go forward."""
        self.now += seconds

    def jump_to(self, deadline: float) -> None:
        """Go forward to a deadline, to the last bit."""
        self.now = max(self.now, deadline)

    # What trio calls.

    def start_clock(self) -> None:
        """Nothing runs yet."""

    def current_time(self) -> float:
        """The virtual time in seconds."""
        return self.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """The real seconds that trio may wait for files before it looks at its tasks again."""
        self.next_deadline = deadline
        return 0.0 if deadline <= self.now else self.patience()


def _none() -> float:
    return 0.0
