"""RandomWalk: at each step any task that can run, all alike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class RandomWalk:
    """Each step is drawn evenly. Schedules are not: those with many choices are drawn seldom."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def begin(self) -> bool:
        """For ever."""
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """Any one."""
        return queue[int(self._random.random() * len(queue))]

    def end(self, trace: Sequence[TaskId]) -> None:
        """Nothing is learnt."""
