"""Runner: many runs of one program on one backend.

Rule 1. The collector is off during a run, and works between runs: a finalizer that ran in the middle of one
        would be a step that no schedule names.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from anymutex.testing.drivers import make_driver
from anymutex.testing.invariant import Invariant
from anymutex.testing.otherloop import refuse_the_other_loop
from anymutex.testing.outcome import outcome_of
from anymutex.testing.repetition import repetition_of
from anymutex.testing.runrules import NO_RULES
from anymutex.testing.scheduler import Limits, Scheduler
from anymutex.testing.strategy import Replay
from anymutex.testing.watched import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.testing.choices import Schedule
    from anymutex.testing.driver import AsyncProgram, Driver
    from anymutex.testing.outcome import Outcome
    from anymutex.testing.runrules import RunRules
    from anymutex.testing.scheduler import Task
    from anymutex.testing.strategy import Strategy

    Observer: TypeAlias = Callable[[Scheduler, Task], object]

COLLECT_EVERY = 64


class Runner:
    """Runs one program again and again. Made by `runner_of`.

    Attributes:
        watch: Says which races of a run count.
    """

    def __init__(self, program: AsyncProgram, backend: str, driver: Driver, rules: RunRules) -> None:
        self.backend = backend
        self.repetition = repetition_of(program, races=rules.races)
        self._limits = Limits(early_seconds=rules.early_seconds)
        self._invariant = Invariant(rules.invariant) if rules.invariant else None
        self.watch = Watch(is_on=rules.races)
        self.runs = 0
        self._program = program
        self._driver = driver

    def run(self, strategy: Strategy, observer: Observer | None = None) -> Outcome | None:
        """Run the program once in the order that `strategy` chooses; None if that has no more to choose.

        Raises:
            UsageError: The program does what can't be driven, or is written for the other loop.
            Exception: The strategy's own.
        """
        if not strategy.begin():
            return None
        self._collect_now_and_then()
        scheduler = Scheduler(strategy, self._limits, self._observers(observer))
        with self.watch.one_run() as races:
            ended = self._driver.run(self._program, scheduler)
        scheduler.end()
        if scheduler.error is not None:
            raise scheduler.error
        if self.runs == 1:
            refuse_the_other_loop(ended.error, self.backend)
        return outcome_of(ended, scheduler, races)

    def replay(self, schedule: Schedule) -> Outcome:
        """Run the program once in the order of `schedule`."""
        outcome = self.run(Replay(schedule))
        assert outcome is not None  # it can be replayed as often as one likes
        return outcome

    def _observers(self, other: Observer | None) -> Observer | None:
        """`other`, and then the invariant: what breaks a run off was noted before."""
        if self._invariant is None or other is None:
            return self._invariant.note if self._invariant else other
        invariant = self._invariant

        def note_both(scheduler: Scheduler, task: Task) -> None:
            other(scheduler, task)
            invariant.note(scheduler, task)

        return note_both

    def _collect_now_and_then(self) -> None:
        self.runs += 1
        if self.runs % COLLECT_EVERY == 0:
            gc.collect(1)


@contextmanager
def runner_of(program: AsyncProgram, backend: str, rules: RunRules = NO_RULES) -> Iterator[Runner]:
    """Give a runner of `program`, and close it."""
    driver = make_driver(backend)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield Runner(program, backend, driver, rules)
    finally:
        driver.close()
        if was_enabled:
            gc.enable()
