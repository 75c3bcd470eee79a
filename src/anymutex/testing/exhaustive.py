"""Exhaustive: every schedule there is, depth first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.strategy import ALL, NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class Exhaustive:
    """Runs each schedule exactly once, by brute force: for small programs, and to count.

    Attributes:
        is_repeatable: Whether the same choices always led to the same queues. Where they don't, the program
            has another source of change, and nothing is promised.
    """

    def __init__(self, seed: int = 0) -> None:
        self.covered: float = NONE
        self.is_repeatable = True
        self._path: list[list[TaskId]] = []  # at each choice of the run: those still to be tried there
        self._queues: list[list[TaskId]] = []  # at each choice of the run: the whole queue
        self._depth = 0

    def begin(self) -> bool:
        """Until every choice was made in every way."""
        self._depth = 0
        return self.covered != ALL and self.is_repeatable

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """As in the last run, up to the last choice that has something left to try."""
        depth = self._depth
        self._depth += 1
        if depth == len(self._path):
            self._path.append(list(reversed(queue)))
            self._queues.append(list(queue))
        elif self._queues[depth] != queue:
            self.is_repeatable = False
            return queue[0]
        return self._path[depth][-1]

    def end(self, trace: Sequence[TaskId]) -> None:
        """Leave the deepest choices that were made in every way."""
        self.is_repeatable = self.is_repeatable and self._depth == len(self._path)
        while self._path and len(self._path[-1]) == 1:
            self._path.pop()
            self._queues.pop()
        if self._path:
            self._path[-1].pop()
        elif self.is_repeatable:
            self.covered = ALL
