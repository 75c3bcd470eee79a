"""Search: look for a failure on one backend, and be sure of it before it is told.

Rule 1. Limits are looked at between two runs, and at least one run is done.
Rule 2. A run that fails is run again. Only if it fails in the same way, it is shrunk; and the report is
        that of one more run, under the smallest schedule. That is told twice, and the report says if the two
        differ.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anymutex import probe
from anymutex.testing.choices import Schedule
from anymutex.testing.diary import Diary
from anymutex.testing.exploration import verdict_of
from anymutex.testing.failure import Circumstances, failure_of
from anymutex.testing.replayed import Replayed, replayed_of
from anymutex.testing.shrink import shrunk
from anymutex.testing.strategy import ALL, NONE, Replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.failure import Failure
    from anymutex.testing.outcome import Outcome
    from anymutex.testing.progress import Reporter
    from anymutex.testing.runner import Runner
    from anymutex.testing.strategy import Strategy


SHRINKING_SECONDS = 10.0  # for a program whose runs are slow; others need less than one


@dataclass(frozen=True)
class Limits:
    """What ends a search that does not end by itself."""

    schedules: int
    until: float
    """By `time.monotonic`."""
    seconds_text: str
    """How the user gave the time, for the verdict."""

    def share_for(self, backends_left: int) -> Limits:
        """The same for the next of so many backends, with its equal share of the time that is left."""
        now = time.monotonic()
        return Limits(self.schedules, now + (self.until - now) / backends_left, self.seconds_text)

    def reached(self, schedules: int) -> str | None:
        """The limit that ends a search after so many schedules; None if it may go on."""
        if schedules >= self.schedules:
            return f"max_schedules={self.schedules}"
        return self.seconds_text if time.monotonic() >= self.until else None


@dataclass
class Search:
    """Looks for a failure on one backend."""

    runner: Runner
    strategy: Strategy
    limits: Limits
    broken_off: Callable[[], bool]
    reporter: Reporter
    schedules: int = 0
    found: dict[str, Schedule] = field(default_factory=dict)
    """Each outcome that was seen, and the first schedule that led to it."""
    failure: Failure | None = None
    stopped_by: str | None = None
    is_cut: bool = False
    """Whether some run was so long that the strategy was not asked for all of it."""
    has_peer: bool = False
    """Whether somebody outside of the program took part in some run."""

    @property
    def covered(self) -> float:
        """Every schedule with at most so many deviations was run."""
        return NONE if self.is_cut else self.strategy.covered

    def go(self) -> None:
        """Run schedules until one fails, none is left, or a limit is reached."""
        while self.stopped_by is None:
            outcome = self.runner.run(self.strategy)
            if outcome is None:
                self._report(verdict_of(self.covered, None), is_last=True)
                return
            self.schedules += 1
            if outcome.summary not in self.found:
                self.found[outcome.summary] = outcome.schedule
            self.is_cut = self.is_cut or outcome.is_cut
            self.has_peer = self.has_peer or outcome.has_peer
            if outcome.kind is not None:
                self.failure = told(self.runner, outcome, self.broken_off)
                self._report("failed", is_last=True)
                return
            if self.covered != ALL:
                self.stopped_by = "Ctrl-C" if self.broken_off() else self.limits.reached(self.schedules)
            self._report(verdict_of(self.covered, None if self.covered == ALL else "the next run"))

    def _report(self, verdict: str, *, is_last: bool = False) -> None:
        self.reporter.report(self.runner.backend, self.schedules, verdict, is_last=is_last)


def replayed_by(runner: Runner, schedule: Schedule, is_fewest: bool | None = None) -> Replayed:
    """Run `schedule` once, and write down what each of its steps did.

    Args:
        runner: Runs the program.
        schedule: What is run.
        is_fewest: Whether a failure needs all its deviations, and no others would do; None if not known.
    """
    strategy = Replay(schedule)
    diary = Diary()
    with probe.listening(diary.hear):
        outcome = runner.run(strategy, diary)
    assert outcome is not None  # it can be replayed as often as one likes
    default_order = _default_order(runner) if outcome.kind and outcome.schedule.deviations else None
    known = Circumstances(runner.backend, runner.repetition, default_order, is_fewest=is_fewest)
    return replayed_of(outcome, diary, known, strategy.divergence)


def _default_order(runner: Runner) -> str:
    """How the default order fails; empty if it does not."""
    outcome = runner.replay(Schedule())
    return outcome.summary if outcome.kind else ""


def told(runner: Runner, outcome: Outcome, broken_off: Callable[[], bool]) -> Failure:
    """The failure, after it was repeated and made as small as it goes; told twice, to see what varies."""
    again = runner.replay(outcome.schedule)
    unsure = Circumstances(runner.backend, runner.repetition, is_reproducible=False)
    until = time.monotonic() + SHRINKING_SECONDS

    def is_enough() -> bool:
        return broken_off() or time.monotonic() >= until

    if again.signature != outcome.signature:
        return failure_of(outcome, Diary(), unsure)
    smallest, is_fewest = shrunk(runner, again, is_enough)
    first, second = (replayed_by(runner, smallest.schedule, is_fewest).failure for _ in range(2))
    if first is None or second is None or not outcome.kind == first.kind == second.kind:
        return failure_of(outcome, Diary(), unsure)
    return first if first.report == second.report else first.varying()
