"""Pos: partial order sampling, a fresh random priority for each step that a task is about to take.

The basic form of "Partial Order Aware Concurrency Sampling" (Yuan, Yang, Gu; CAV 2018). The full one draws
again for the steps that conflict with the one taken, and which do so is not known here.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class Pos:
    """The highest priority goes first. A step keeps the one it drew until it is taken."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._priorities: dict[TaskId, float] = {}

    def begin(self) -> bool:
        """For ever."""
        self._priorities.clear()
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """Whose next step drew the highest number."""
        priorities = self._priorities
        for task in queue:
            if task not in priorities:
                priorities[task] = self._random.random()
        chosen = max(queue, key=priorities.__getitem__)
        del priorities[chosen]
        return chosen

    def end(self, trace: Sequence[TaskId]) -> None:
        """Nothing is learnt."""
