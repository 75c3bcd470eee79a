"""Hold: who comes to a certain await stands there for as long as anybody else can go on.

Rule 1. Run after run it holds everybody who comes there, or one alone: the first, the second, and so on.
Rule 2. The others go on in the default order, then last woken first, then by ranks that are drawn: so one
        may fall far behind until somebody has come to the await at all. Ranks change now and then, for who
        spins must not go on for ever.
Rule 3. Where only those who are held can run, the clock goes on to the next timer, if it may: somebody else
        may be asleep.
Rule 4. A hold ends after many steps: somebody may spin until the very task has moved.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anymutex import stacks, tasks
from anymutex.testing.choices import Deviation
from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from anymutex.stacks import Place
    from anymutex.testing.choices import TaskId
    from anymutex.testing.scheduler import Scheduler, Task
    from anymutex.testing.strategy import Moment

PATIENCE = 300
"""Steps of others in a row."""
NEW_RANK = 1 / 16
"""The chance of a new rank after a step."""


class Hold:
    """Holds tasks at an await. Its `look` observes the runs: it sees who stands there.

    Args:
        awaits: The places; one of them is enough.
        seed: Of the orders that are drawn.
        early_timers: Whether timers may fire early.

    Attributes:
        was_reached: Whether any task ever stood there.
    """

    covered: float = NONE

    def __init__(self, awaits: Collection[Place], seed: int = 0, *, early_timers: bool = False) -> None:
        self.was_reached = False
        self.may_inject = early_timers
        self._awaits = {(place.file, place.line) for place in awaits}
        self._random = random.Random(seed)
        self._run = -1
        self._arrivals: list[TaskId] = []
        self._standing: set[TaskId] = set()
        self._ranks: dict[TaskId, float] = {}
        self._steps = 0  # of others in a row

    def begin(self) -> bool:
        """For ever."""
        self._run += 1
        self._arrivals, self._standing, self._ranks, self._steps = [], set(), {}, 0
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """One who is not held, if there is any."""
        free = [task for task in queue if not self._is_held(task)]
        self._steps = self._steps + 1 if len(free) < len(queue) else 0
        return self._in_order(free) if free and self._steps <= PATIENCE else queue[0]

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """The next timer, if nobody else can go on before."""
        is_due = moment.is_timer_near and all(self._is_held(task) for task in moment.queue)
        return [Deviation(moment.step, act="timer")] if moment.queue and is_due else ()

    def end(self, trace: Sequence[TaskId]) -> None:
        """Nothing is learnt."""

    def look(self, scheduler: Scheduler, task: Task) -> None:
        """A step was taken: see where that has led."""
        me = scheduler.trace[-1]
        self._standing.discard(me)
        if not tasks.has_ended(task) and self._is_there(task):
            self.was_reached = True
            self._standing.add(me)
            if me not in self._arrivals:
                self._arrivals.append(me)

    def _is_held(self, task: TaskId) -> bool:
        if task not in self._standing:
            return False
        return self._run % 2 == 0 or self._arrivals.index(task) == self._run // 2 % len(self._arrivals)

    def _in_order(self, free: Sequence[TaskId]) -> TaskId:
        if self._run < 4:
            return free[0] if self._run < 2 else free[-1]
        for task in free:
            self._ranks.setdefault(task, self._random.random())
        chosen = max(free, key=self._ranks.__getitem__)
        if self._random.random() < NEW_RANK:
            del self._ranks[chosen]
        return chosen

    def _is_there(self, task: Task) -> bool:
        sites = stacks.suspended_sites(tasks.coroutine_of(task))
        places = (stacks.place_of(site) for site in sites)
        return any((place.file, place.line) in self._awaits for place in places)
