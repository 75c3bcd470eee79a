"""Strategy: who decides which task goes on, run after run; and the two simplest ones.

Rule 1. A strategy is asked only where there is a choice: two or more tasks can run.
Rule 2. It sees spawn paths, never tasks, so it can neither keep one alive nor depend on a backend.
Rule 3. What it needs to know of a whole run it is told at the end of that run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from anymutex.testing.choices import shown_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import Schedule, TaskId

ALL = math.inf
"""`covered` of a strategy that has run every schedule there is."""
NONE = -1
"""`covered` of a strategy that promises nothing about what it has run."""


class Strategy(Protocol):
    """Chooses the steps of many runs."""

    @property
    def covered(self) -> float:
        """Every schedule with at most so many deviations was run: `NONE`, a number, or `ALL`."""
        ...

    def begin(self) -> bool:
        """Get ready for the next run; False when there is none left to do."""
        ...

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """One of `queue`, which has those who can run, in the order the loop would run them.

        Args:
            queue: At least two; the first one is what the loop itself would choose.
            trace: Who ran in the steps before this one.
        """
        ...

    def end(self, trace: Sequence[TaskId]) -> None:
        """The run is over; `trace` has who ran at each step."""
        ...


class Fifo:
    """The default order, once: what the plain asyncio loop does."""

    def __init__(self, seed: int = 0) -> None:
        self.covered: float = NONE

    def begin(self) -> bool:
        """There is one default order."""
        return self.covered == NONE

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The first one."""
        return queue[0]

    def end(self, trace: Sequence[TaskId]) -> None:
        """The schedule without deviations was run."""
        self.covered = 0


class Replay:
    """One known schedule again.

    Attributes:
        divergence: In words, where the run first could not follow the schedule; None if it never happened.
    """

    covered: float = NONE

    def __init__(self, schedule: Schedule) -> None:
        self.divergence: str | None = None
        self._deviations = dict(schedule.deviations)

    def begin(self) -> bool:
        """As often as somebody asks."""
        self.divergence = None
        self._followed = 0
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The task that the schedule names for this step, else the first one."""
        wanted = self._deviations.get(len(trace), queue[0])
        if wanted not in queue:
            self._diverge(len(trace))
            return queue[0]
        self._followed += len(trace) in self._deviations
        return wanted

    def end(self, trace: Sequence[TaskId]) -> None:
        """A schedule that was not followed to its end diverged too: the run was shorter, say."""
        if self._followed < len(self._deviations):
            missed = [step for step, task in self._deviations.items() if trace[step : step + 1] != [task]]
            for step in missed:
                self._diverge(step)

    def _diverge(self, step: int) -> None:
        if self.divergence is None:
            self.divergence = f"at step {step} the task {shown_id(self._deviations[step])} could not run"
