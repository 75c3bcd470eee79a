"""Urw: a random walk that draws whole schedules evenly, as far as it knows how long each task is.

Uniform random walk: a task with many steps left is drawn more often than one with few, in proportion. How
many it has is learnt from the runs before. "Selectively uniform concurrency testing" (SURW) shows why.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId

UNKNOWN_STEPS = 3.0  # of a task that was never seen to end
LEARNING = 0.3  # the weight of the newest run
LEAST = 0.5  # a task that took more steps than expected still has a chance


class Urw:
    """Draws in proportion to the steps that each task has left."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._expected: dict[TaskId, float] = {}
        self._taken: dict[TaskId, int] = {}
        self._counted = 0

    def begin(self) -> bool:
        """For ever."""
        self._taken = {}
        self._counted = 0
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The longer what is left of a task, the likelier."""
        self._count(trace)
        weights = [self._left_of(task) for task in queue]
        return self._random.choices(queue, weights)[0]

    def end(self, trace: Sequence[TaskId]) -> None:
        """Learn how long each task was."""
        for task, steps in Counter(trace).items():
            before = self._expected.get(task, steps)
            self._expected[task] = before + LEARNING * (steps - before)

    def _count(self, trace: Sequence[TaskId]) -> None:
        for index in range(self._counted, len(trace)):
            self._taken[trace[index]] = self._taken.get(trace[index], 0) + 1
        self._counted = len(trace)

    def _left_of(self, task: TaskId) -> float:
        return max(LEAST, self._expected.get(task, UNKNOWN_STEPS) - self._taken.get(task, 0))
