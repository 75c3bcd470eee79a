"""Pct: tasks with fixed random priorities, which change at a few random steps; made fair.

"A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (Burckhardt, Kothari, Musuvathi,
Nagarakatte; ASPLOS 2010): with n tasks and k steps, a run with d - 1 changes meets a bug of depth d with a
chance of at least 1 / (n k^(d-1)). The original starves: here a task that goes on and on while others wait
falls below them all.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId

DEEPEST = 3
FIRST_GUESS = 30.0  # steps of a run
LEARNING = 0.25  # the weight of the newest run
IN_A_ROW = 40


class Pct:
    """The highest priority goes first; at none, one or two steps of the run who took it falls."""

    covered: float = NONE

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._runs = 0
        self._steps = FIRST_GUESS
        self._priorities: dict[TaskId, float] = {}
        self._lowest = 0.0
        self._falls: list[tuple[int, float]] = []  # after which step, and how low; the next one last
        self._last: TaskId | None = None
        self._in_a_row = 0

    def begin(self) -> bool:
        """For ever, the depth rising from 1 to 3 and again."""
        self._priorities = {}
        self._lowest = 0.0
        self._last = None
        changes = self._runs % DEEPEST
        steps = self._random.sample(range(max(changes, int(self._steps))), changes)
        self._falls = sorted(((step, float(low)) for low, step in enumerate(steps)), reverse=True)
        self._runs += 1
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The highest one, unless it is greedy."""
        while self._falls and self._falls[-1][0] < len(trace):
            step, priority = self._falls.pop()
            self._priorities[trace[step]] = priority
        for task in queue:
            if task not in self._priorities:
                self._priorities[task] = DEEPEST + self._random.random()
        best = self._highest(queue)
        if self._is_greedy(best):
            self._lowest -= 1
            self._priorities[best] = self._lowest
            best = self._highest(queue)
        return best

    def end(self, trace: Sequence[TaskId]) -> None:
        """Learn how long a run is."""
        self._steps += LEARNING * (len(trace) - self._steps)

    def _highest(self, queue: Sequence[TaskId]) -> TaskId:
        return max(queue, key=self._priorities.__getitem__)

    def _is_greedy(self, task: TaskId) -> bool:
        self._in_a_row = self._in_a_row + 1 if task == self._last else 1
        self._last = task
        return self._in_a_row > IN_A_ROW
