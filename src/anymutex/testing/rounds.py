"""Rounds: all tasks at the same pace, but in the other order, now and then.

Rule 1. A round has one step of each task that could run when it began. The default order goes through every
        round in the order in which the tasks were started; so do many programs that nobody has tested.
Rule 2. The first run takes each round backwards: after the default order and this one, any two tasks have met
        in both orders.
Rule 3. In each later run, every round goes forwards or backwards by chance. That is what plain trio does.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class Rounds:
    """Takes each round forwards or backwards."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._runs = 0
        self._round: list[TaskId] = []

    def begin(self) -> bool:
        """For ever."""
        self._runs += 1
        self._round = []
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The next one of the round; those who have gone meanwhile are left out."""
        self._round = [task for task in self._round if task in queue]
        if not self._round:
            is_backwards = self._runs == 1 or self._random.random() < 0.5
            self._round = sorted(queue, reverse=is_backwards)
        return self._round.pop(0)

    def end(self, trace: Sequence[TaskId]) -> None:
        """Nothing is learnt."""
