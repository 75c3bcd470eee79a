"""Strategy: who decides which task goes on, run after run; and the two simplest ones.

Rule 1. A strategy is asked only where there is a choice: two or more tasks can run.
Rule 2. It sees spawn paths, never tasks, so it can neither keep one alive nor depend on a backend.
Rule 3. What it needs to know of a whole run it is told at the end of that run.
Rule 4. One that is `Injecting` too, and may inject, is asked before every step, also where there is no
        choice, what the tool is to do to the program there. It keeps to what the moment offers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from anymutex.testing.choices import Deviation, shown_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import Act, Schedule, TaskId

ALL = math.inf
"""`covered` of a strategy that has run every schedule there is."""
NONE = -1
"""`covered` of a strategy that promises nothing about what it has run."""
LONGEST = 60
"""Characters of a spawn path that are shown; somebody may have made up a longer one."""


class Strategy(Protocol):
    """Chooses the steps of many runs."""

    @property
    def covered(self) -> float:
        """Every schedule with at most so many deviations was run: `NONE`, a number, or `ALL`."""
        ...

    def begin(self) -> bool:
        """Get ready for the next run; False when there is none left to do."""
        ...

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """One of `queue`, which has those who can run, in the order the loop would run them.

        Args:
            queue: At least two; the first one is what the loop itself would choose.
            trace: Who ran in the steps before this one.
        """
        ...

    def end(self, trace: Sequence[TaskId]) -> None:
        """The run is over; `trace` has who ran at each step."""
        ...


class Moment(NamedTuple):
    """Where a run stands before a step."""

    step: int
    queue: Sequence[TaskId]
    """Who can run; as in `choose`, but one is enough."""
    victims: Sequence[TaskId]
    """Who may be cancelled."""
    is_timer_near: bool
    """Whether the clock may go on to the next timer."""


@runtime_checkable
class Injecting(Protocol):
    """Decides what the tool does to the program: whom it cancels, when a timer fires early."""

    @property
    def may_inject(self) -> bool:
        """Whether it is to be asked at all in the run that has begun; most runs go on as they are then."""
        ...

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """What to do before this step; mostly nothing."""
        ...


class Fifo:
    """The default order, once: what the plain asyncio loop does."""

    def __init__(self, seed: int = 0) -> None:
        self.covered: float = NONE

    def begin(self) -> bool:
        """There is one default order."""
        return self.covered == NONE

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The first one."""
        return queue[0]

    def end(self, trace: Sequence[TaskId]) -> None:
        """The schedule without deviations was run."""
        self.covered = 0


class Replay:
    """One known schedule again.

    Attributes:
        divergence: In words, where the run first could not follow the schedule; None if it never happened.
    """

    covered: float = NONE

    def __init__(self, schedule: Schedule) -> None:
        self.divergence: str | None = None
        self._schedule = schedule
        self._overtakings: dict[int, TaskId] = {}
        self._injections: dict[int, list[Deviation]] = {}
        for deviation in schedule.deviations:
            if deviation.act == "runs":
                self._overtakings[deviation.step] = deviation.task
            else:
                self._injections.setdefault(deviation.step, []).append(deviation)

    def begin(self) -> bool:
        """As often as somebody asks."""
        self.divergence = None
        self._followed: set[Deviation] = set()
        return True

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The task that the schedule names for this step, else the first one."""
        wanted = self._overtakings.get(len(trace))
        if wanted is None:
            return queue[0]
        if wanted not in queue:
            self._diverge(Deviation(len(trace), wanted))
            return queue[0]
        self._followed.add(Deviation(len(trace), wanted))
        return wanted

    @property
    def may_inject(self) -> bool:
        """Whether the schedule has any injection."""
        return bool(self._injections)

    def inject(self, moment: Moment) -> Sequence[Deviation]:
        """What the schedule has for this step."""
        asked = self._injections.get(moment.step)
        if not asked:
            return ()
        possible = [one for one in asked if _is_possible(one, moment)]
        self._followed.update(possible)
        return possible

    def end(self, trace: Sequence[TaskId]) -> None:
        """A schedule that was not followed to its end diverged too: the run was shorter, say."""
        for deviation in self._schedule.deviations:
            is_usual = deviation.act == "runs" and trace[deviation.step : deviation.step + 1] == [
                deviation.task
            ]
            if deviation not in self._followed and not is_usual:
                self._diverge(deviation, len(trace))

    def _diverge(self, missed: Deviation, steps: float = math.inf) -> None:
        """Note the first one that was missed, in a run of so many steps."""
        if self.divergence is None:
            name = shown_id(missed.task)
            why = _CANT[missed.act].format(name if len(name) <= LONGEST else f"{name[:LONGEST]}...")
            was_over = f"the run was over, after {steps} {'step' if steps == 1 else 'steps'}"
            self.divergence = f"at step {missed.step} {was_over if missed.step >= steps else why}"


_CANT: dict[Act, str] = {
    "runs": "the task {} could not run",
    "cancel": "there was no task {} to cancel",
    "timer": "no timer was near enough to fire early",
}


def _is_possible(injection: Deviation, moment: Moment) -> bool:
    return moment.is_timer_near if injection.act == "timer" else injection.task in moment.victims
