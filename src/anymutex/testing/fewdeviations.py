"""FewDeviations: the default order first, then every schedule with one deviation, with two, and so on.

Rule 1. Who overtakes goes on as long as it can. One overtaking then does what takes many single ones: a task
        that runs from one end to the other while the rest stand still is the shape of most bugs.
Rule 2. Counted like that every schedule has exactly one description, so no schedule is run twice, and when a
        level has nothing above it, every schedule was run.
Rule 3. An injection is a deviation like an overtaking, if the bounds of a run allow any.
Rule 4. Within a level the order is drawn, but every other one lets a task overtake that was started first or
        last among its like: tasks started in a loop are all the same, and the odd ones stand before or after.

Bounding is that of "Iterative Context Bounding" (Musuvathi, Qadeer; PLDI 2007) and of "Delay-Bounded
Scheduling" (Emmi, Qadeer, Rakamaric; POPL 2011), counted from the default order of an event loop.
"""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

from anymutex.testing.choices import Deviation
from anymutex.testing.injections import NOTHING, offered
from anymutex.testing.strategy import ALL, NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anymutex.testing.choices import TaskId
    from anymutex.testing.injections import Bounds
    from anymutex.testing.strategy import Moment

MOST_PLANNED = 20_000
"""So many schedules of the next level are remembered; beyond that a level can't be covered."""


class FewDeviations:
    """Every schedule, those with the fewest deviations first; in each level in an order of its own.

    Args:
        seed: Of the order in a level.
        bounds: How many injections of a kind a run may have.
        runs_on: Whether who overtakes goes on (rule 1). If not, deviations are counted as a token does.
    """

    def __init__(self, seed: int = 0, bounds: Bounds = NOTHING, *, runs_on: bool = True) -> None:
        self.may_inject = bool(bounds.kinds)
        self._bounds = bounds
        self._runs_on = runs_on
        self.covered: float = NONE
        self._random = random.Random(seed)
        self._level = 0
        self._planned: list[tuple[Deviation, ...]] = [()]
        self._next: list[tuple[Deviation, ...]] = []
        self._is_sound = True  # no schedule is missing so far, and the same choices led to the same queues
        self._is_next_whole = True
        self._current: tuple[Deviation, ...] = ()
        self._left: list[Deviation] = []  # those of `_current` that are still to come, the next one last
        self._favoured: TaskId | None = None

    def begin(self) -> bool:
        """Until no level is left."""
        if not self._planned:
            return False
        self._current = self._planned.pop()
        self._left = list(reversed(self._current))
        self._favoured = None
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """Who overtakes at this step, else who has overtaken last, else the first one."""
        usual = self._favoured if self._favoured in queue else queue[0]
        assert usual is not None
        if not self._left:
            self._plan(len(queue) - 1, (Deviation(len(trace), task) for task in queue if task != usual))
            return usual
        if len(trace) < self._left[-1].step:
            return usual
        task = self._left.pop().task
        if task not in queue:
            self._is_sound = False
            return usual
        self._favoured = task if self._runs_on else None
        return task

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """What is due before this step; plans what else could be done there."""
        due: list[Deviation] = []
        while self._left and self._left[-1].step == moment.step and self._left[-1].act != "runs":
            due.append(self._left.pop())
        every = offered(moment)
        possible = [one for one in due if one in every]
        self._is_sound = self._is_sound and possible == due
        if not self._left and not due:
            allowed = self._bounds.allowed(every, self._current)
            self._plan(len(allowed), allowed)
        return possible

    def end(self, trace: Sequence[TaskId]) -> None:
        """Go to the next level when this one is done."""
        self._is_sound = self._is_sound and not self._left
        if self._planned:
            return
        if self._is_sound:
            self.covered = ALL if self._is_next_whole and not self._next else self._level
        self._level += 1
        self._planned, self._next = self._next, []
        self._is_sound = self._is_sound and self._is_next_whole
        self._arrange()

    def _arrange(self) -> None:
        """Draw the order of a level, the first one last."""
        self._random.shuffle(self._planned)
        outer = _outermost({plan[-1].task for plan in self._planned})
        places = {True: count(), False: count()}
        self._planned.sort(key=lambda plan: next(places[plan[-1].task in outer]), reverse=True)

    def _plan(self, number: int, more: Iterable[Deviation]) -> None:
        """Plan so many schedules; where there is no room for them nobody looks what they would be."""
        if len(self._next) + number > MOST_PLANNED:
            self._is_next_whole = False
            return
        self._next.extend((*self._current, one) for one in more)


def _outermost(tasks: set[TaskId]) -> set[TaskId]:
    """Those that were started first or last among their like."""
    families: dict[TaskId, list[TaskId]] = {}
    for task in sorted(tasks):
        families.setdefault(task[:-1], []).append(task)
    return {task for family in families.values() for task in (family[0], family[-1])}
