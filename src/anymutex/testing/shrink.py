"""Shrink: the fewest deviations from the default order with which a program still fails in the same way.

Rule 1. First some are left out, as long as it still fails: "Simplifying and Isolating Failure-Inducing Input"
        (Zeller, Hildebrandt; TSE 2002). That takes few runs, but ends where no single one can be spared,
        although quite other deviations, and fewer, might do.
Rule 2. So then all schedules with fewer are run, the fewest first, as far as a budget of runs goes. Only if
        it went far enough are they said to be the fewest.
Rule 3. What counts is what a run did, not what it was asked for: a deviation that has become impossible falls
        away by itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from anymutex.testing.choices import Schedule
from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.injections import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.testing.outcome import Outcome
    from anymutex.testing.runner import Runner

MOST_LEFT_OUT = 300
"""So many runs are spent on leaving deviations out."""
MOST_BELOW = 500
"""And so many on schedules with fewer."""


class Shrunk(NamedTuple):
    """The failing run with the fewest deviations that were found."""

    outcome: Outcome
    is_fewest: bool
    """Whether no schedule with fewer fails like this, since all of them were run."""


def shrunk(runner: Runner, failed: Outcome, is_enough: Callable[[], bool] = lambda: False) -> Shrunk:
    """Make a failing run as small as the budgets of runs allow.

    Args:
        runner: Runs the program.
        failed: The run.
        is_enough: Asked before each run: whether to stop with what there is.
    """
    return _searched_below(runner, _left_out(runner, failed, is_enough), is_enough)


def _left_out(runner: Runner, failed: Outcome, is_enough: Callable[[], bool]) -> Outcome:
    """Leave out all deviations, else each half, each quarter, ... and each single one."""
    best = failed
    parts, runs = 1, 0
    while parts <= _size(best) and runs < MOST_LEFT_OUT:
        for candidate in _without_a_part(best.schedule, parts):
            if is_enough():
                return best
            runs += 1
            outcome = runner.replay(candidate)
            if outcome.signature == failed.signature and _size(outcome) < _size(best):
                best = outcome
                parts = max(2, parts - 1)
                break
        else:
            if parts == _size(best):
                break
            parts = min(2 * parts, _size(best))
    return best


def _without_a_part(schedule: Schedule, parts: int) -> Iterator[Schedule]:
    """`schedule` without the last of so many equal parts, without the one before, and so on."""
    deviations = schedule.deviations
    cuts = [len(deviations) * part // parts for part in range(parts + 1)]
    for start, end in zip(reversed(cuts[:-1]), reversed(cuts[1:]), strict=True):
        yield Schedule(deviations[:start] + deviations[end:])


def _searched_below(runner: Runner, best: Outcome, is_enough: Callable[[], bool]) -> Shrunk:
    """Run what has fewer deviations than `best`, until something of that fails too."""
    levels = FewDeviations(bounds=_bounds_of(best.schedule), runs_on=False)
    for _ in range(MOST_BELOW):
        if levels.covered >= _size(best) - 1:
            return Shrunk(best, is_fewest=True)
        outcome = None if is_enough() else runner.run(levels)
        if outcome is None or outcome.is_cut:
            break
        if outcome.signature == best.signature and _size(outcome) < _size(best):
            best = outcome
    return Shrunk(best, is_fewest=levels.covered >= _size(best) - 1)


def _bounds_of(schedule: Schedule) -> Bounds:
    """As many injections of a kind as `schedule` has."""
    used = Counter(deviation.act for deviation in schedule.deviations)
    return Bounds(cancels=used["cancel"], timers=used["timer"])


def _size(outcome: Outcome) -> int:
    return len(outcome.schedule.deviations)
