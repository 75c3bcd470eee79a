"""Shrink: the fewest deviations from the default order with which a program still fails in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.choices import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.testing.outcome import Outcome
    from anymutex.testing.runner import Runner

MOST_RUNS = 300


def shrunk(runner: Runner, failed: Outcome) -> Outcome:
    """The failing run with the fewest deviations that can be found by leaving some out.

    Each attempt is a run, and what counts is what that run then did: a deviation that has become impossible
    falls away by itself. First halves are left out, then quarters, and single ones at the end, until no
    single one can be spared.
    """
    best = failed
    attempts = 0
    is_smaller = True
    while is_smaller and attempts < MOST_RUNS:
        is_smaller = False
        for candidate in _smaller_than(best.schedule):
            attempts += 1
            outcome = runner.replay(candidate)
            if outcome.signature == failed.signature and _size(outcome) < _size(best):
                best = outcome
                is_smaller = True
                break
            if attempts == MOST_RUNS:
                break
    return best


def _size(outcome: Outcome) -> int:
    return len(outcome.schedule.deviations)


def _smaller_than(schedule: Schedule) -> Iterator[Schedule]:
    """`schedule` without the second half, the first, each quarter, ... and each single deviation."""
    deviations = schedule.deviations
    length = len(deviations)
    while length:
        for start in reversed(range(0, len(deviations), length)):
            yield Schedule(deviations[:start] + deviations[start + length :])
        length //= 2
