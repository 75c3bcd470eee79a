"""Lengths: how many steps each task of a program takes, as far as the runs so far have shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId

UNKNOWN = 3.0  # steps of a task that was never seen
LEARNING = 0.3  # the weight of the newest run


class Lengths:
    """Learns from every run, the newest ones most."""

    def __init__(self) -> None:
        self._own: dict[TaskId, float] = {}
        self._with_descendants: dict[TaskId, float] = {}

    def own(self, task: TaskId) -> float:
        """The steps that `task` is expected to take in a whole run."""
        return self._own.get(task, UNKNOWN)

    def with_descendants(self, task: TaskId) -> float:
        """The same, with those of all tasks that it starts, and that they start."""
        return self._with_descendants.get(task, UNKNOWN)

    def learn(self, trace: Sequence[TaskId]) -> None:
        """A run is over; `trace` has who ran at each step."""
        for task, taken in Counter(trace).items():
            before = self._own.get(task, taken)
            self._own[task] = before + LEARNING * (taken - before)
        sums: dict[TaskId, float] = dict.fromkeys(self._own, 0.0)
        for task, steps in self._own.items():
            for end in range(1, len(task) + 1):
                if task[:end] in sums:
                    sums[task[:end]] += steps
        self._with_descendants = sums
