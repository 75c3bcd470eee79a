"""PacedWalk: a random walk in which long tasks are fast, so that all end at about the same time.

Like `Urw` it knows how long each task is, but it does not look at what is left of it: where the lengths
change from run to run, as with tasks that wait in a loop, what is left is often wrong.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.lengths import Lengths
from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class PacedWalk:
    """Draws in proportion to the steps that each task takes in a whole run."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._lengths = Lengths()

    def begin(self) -> bool:
        """For ever."""
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The longer a task, the likelier."""
        return self._random.choices(queue, [self._lengths.own(task) for task in queue])[0]

    def end(self, trace: Sequence[TaskId]) -> None:
        """Learn how long each task was."""
        self._lengths.learn(trace)
