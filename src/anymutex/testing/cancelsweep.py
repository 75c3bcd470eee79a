"""CancelSweep: the default order again and again, each time with one task cancelled at one of its awaits.

Rule 1. The first run cancels nobody: it notes where there is somebody to be cancelled.
Rule 2. Each await of a task is two points: just after the task began to wait there, and just before it goes
        on, when what it has waited for is its own already. Nothing that happens in between changes the task.
        So the number of runs is linear in the number of steps, and what they show is a proof of its own: no
        single cancel of a task makes the default order fail.
Rule 3. The points at which tasks have begun to wait come first: most leaks are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.choices import Deviation
from anymutex.testing.strategy import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId
    from anymutex.testing.strategy import Moment


class CancelSweep:
    """One cancel a run, at every point of the default order.

    Attributes:
        is_done: Whether every point was tried.
    """

    covered: float = NONE
    may_inject = True

    def __init__(self, seed: int = 0) -> None:
        self.is_done = False
        self._plan: list[Deviation] | None = None  # the next one last; None before the first run
        self._current: Deviation | None = None
        self._moments: list[Moment] = []

    def begin(self) -> bool:
        """Until every point was tried."""
        if self._plan is not None:
            self._current = self._plan.pop() if self._plan else None
            self.is_done = self._current is None
        return not self.is_done

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The first one."""
        return queue[0]

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """The cancel of this run, if it is due."""
        if self._plan is None:
            self._moments.append(moment)
        elif self._current is not None and self._current.step == moment.step:
            return [self._current]
        return ()

    def end(self, trace: Sequence[TaskId]) -> None:
        """After the first run the points are known."""
        if self._plan is None:
            begun, ready = points_of(self._moments)
            self._plan = [*reversed(ready), *reversed(begun)]
            self._moments.clear()


def points_of(moments: Sequence[Moment]) -> tuple[list[Deviation], list[Deviation]]:
    """Where tasks have begun to wait, and where they are about to go on, without what is the same point."""
    begun: list[Deviation] = []
    ready: list[Deviation] = []
    waiting: set[TaskId] = set()  # those cancelled at their present await already
    for moment in moments:
        fresh = [victim for victim in moment.victims if victim not in waiting]
        begun += [Deviation(moment.step, victim, "cancel") for victim in fresh]
        waiting.update(fresh)
        goes_on = moment.queue[0]
        if goes_on in waiting and goes_on not in fresh:
            ready.append(Deviation(moment.step, goes_on, "cancel"))
        waiting.discard(goes_on)
    return begun, ready
