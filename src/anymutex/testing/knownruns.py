"""KnownRuns: remembers the schedules that were run, so that no schedule is run twice.

Rule 1. Before a run the strategy is asked along the choices that are known. If that leads to the end of a run
        that was done already, nothing is to be learnt from doing it again.
Rule 2. When every way of every choice was gone, every schedule was run, whoever chose them.
Rule 3. The same choices must lead to the same queues. Where they don't, there is more than the schedule to
        this program, and all that was known is forgotten; also when it gets too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId
    from anymutex.testing.strategy import Strategy

MOST_POINTS = 30_000
"""So many choices are remembered. A program that has more is not done by running all its schedules."""


class _Point:
    """Where there was a choice, or the end of a run, which has no queue."""

    __slots__ = ("after", "queue", "steps", "unfinished")

    def __init__(self, steps: list[TaskId], queue: list[TaskId]) -> None:
        self.steps = steps  # those without a choice that lead here
        self.queue = queue
        self.unfinished = len(queue)  # of the ways that go on from here
        self.after: dict[TaskId, _Point] = {}

    def is_like(self, other: _Point) -> bool:
        """Whether the same choices led to both."""
        return (self.steps, self.queue) == (other.steps, other.queue)


class KnownRuns:
    """A tree of the choices of all runs so far; it stands between a strategy and its runs.

    Args:
        is_on: False where choices are not all that makes a schedule: then nothing is remembered.

    Attributes:
        trace: The steps as far as they were known of the schedule that `is_new` has looked at.
        is_repeatable: Whether the same choices always led to the same queues.
    """

    def __init__(self, *, is_on: bool = True) -> None:
        self.trace: list[TaskId] = []
        self.is_repeatable = True
        self._start: dict[TaskId, _Point] = {}  # the first point, under the empty path
        self._points = 0
        self._is_on = is_on
        self._chosen: list[TaskId] = []  # before the run, by the strategy that is to do it
        self._asked: list[
            tuple[int, list[TaskId]]
        ] = []  # in the run: the steps with a choice, and their queues

    @property
    def is_complete(self) -> bool:
        """Whether every schedule there is was run."""
        return any(not point.unfinished for point in self._start.values())

    def is_new(self, strategy: Strategy) -> bool:
        """Whether `strategy`, which has begun a run, chooses one that was not done yet."""
        self.trace, self._chosen, self._asked = [], [], []
        point = self._start.get(())
        while point is not None:
            self.trace += point.steps
            if not point.queue:
                return False
            task = strategy.choose(point.queue, self.trace)
            self._chosen.append(task)
            self.trace.append(task)
            point = point.after.get(task)
        return True

    def choose(self, strategy: Strategy, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """What `strategy` has chosen already, and then what it chooses."""
        number = len(self._asked)
        self._asked.append((len(trace), list(queue)))
        if number < len(self._chosen) and self._chosen[number] in queue:
            return self._chosen[number]
        return strategy.choose(queue, trace)

    def add(self, trace: Sequence[TaskId]) -> None:
        """The run is over; `trace` has who ran at each step."""
        if not self._is_on:
            return
        path: list[_Point] = []
        known = self._points
        key: TaskId = ()
        after, before = self._start, 0
        for step, queue in [*self._asked, (len(trace), [])]:
            now = _Point(list(trace[before:step]), queue)
            point = after.setdefault(key, now)
            self._points += point is now
            path.append(point)
            if not point.is_like(now):
                self.is_repeatable = False
                self._forget()
                return
            if queue:
                after, key, before = point.after, trace[step], step + 1
        if self._points > known:
            _count_in(path)
        if self._points > MOST_POINTS:
            self._forget()

    def _forget(self) -> None:
        self._start = {}
        self._is_on = False


def _count_in(path: list[_Point]) -> None:
    """One more run, which is new, along these points."""
    for point in reversed(path[:-1]):
        point.unfinished -= 1
        if point.unfinished:
            return
