"""Urw: a random walk that draws whole schedules evenly, as far as it knows how long each task is.

Uniform random walk, of "Selectively Uniform Concurrency Testing" (Zhao, Wolff, Mathur, Roychoudhury; ASPLOS
2025). A plain walk draws a schedule the more seldom, the more choices it has. Where a task is drawn in
proportion to the steps it has left, all schedules are alike. What a task has still to start counts as its
own. The steps are learnt from the runs before.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.lengths import Lengths
from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId

LEAST = 0.5  # a task that took more steps than expected still has a chance


class Urw:
    """Draws in proportion to the steps that each task has left."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._lengths = Lengths()
        self._left: dict[TaskId, float] = {}
        self._counted = 0

    def begin(self) -> bool:
        """For ever."""
        self._left = {}
        self._counted = 0
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The more is left of a task, the likelier."""
        for task in trace[self._counted :]:
            self._meet(task)
            self._left[task] -= 1
        self._counted = len(trace)
        for task in queue:
            self._meet(task)
        weights = [max(LEAST, self._left[task]) for task in queue]
        return self._random.choices(queue, weights)[0]

    def end(self, trace: Sequence[TaskId]) -> None:
        """Learn how long each task was."""
        self._lengths.learn(trace)

    def _meet(self, task: TaskId) -> None:
        """A task that was started counts for itself from then on."""
        if task in self._left:
            return
        self._left[task] = self._lengths.with_descendants(task)
        if task[:-1] in self._left:
            self._left[task[:-1]] -= self._left[task]
