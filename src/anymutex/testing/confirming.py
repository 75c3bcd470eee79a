"""`confirm`: suspects of a run with hooks are forced, each in a few driven runs.

Rule 1. In each run one suspect is forced: whoever comes to its await is held there (`hold`). It is confirmed
        when the rules of `race` tell of it; other races in the same run count for nothing.
Rule 2. What is confirmed is run again, made small and told as every failure of `explore`, with a token that
        needs no file of suspects.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from anymutex import stacks
from anymutex.errors import UsageError
from anymutex.testing.confirmation import Confirmation, Forced
from anymutex.testing.hold import Hold
from anymutex.testing.otherloop import WrongBackendError
from anymutex.testing.ownthread import OwnThread
from anymutex.testing.progress import Reporter
from anymutex.testing.question import Question, checked_backends, refuse_unless_a_program
from anymutex.testing.runner import runner_of
from anymutex.testing.search import told
from anymutex.testing.watched import Watch, put_hooks_around
from anymutex.watch.suspectfile import suspects_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.failure import Failure
    from anymutex.testing.progress import Progress
    from anymutex.testing.runner import Runner
    from anymutex.watch.suspect import Suspect

RUNS = 16
"""Of one suspect on one backend."""


class ConfirmingInterrupted(KeyboardInterrupt):
    """Ctrl-C while suspects are forced.

    Attributes:
        confirmation: What is known so far.
    """

    def __init__(self, confirmation: Confirmation) -> None:
        super().__init__(str(confirmation))
        self.confirmation = confirmation


def confirm(
    program: AsyncProgram,
    suspects: str | os.PathLike[str] | Iterable[Suspect],
    *,
    backends: Iterable[str] = ("asyncio", "trio"),
    max_schedules: int = RUNS,
    max_seconds: float = 60.0,
    seed: int = 0,
    early_timers: float = 0.0,
    progress: Callable[[Progress], Any] | None = None,
) -> Confirmation:
    """Force suspects: hold a task at the await of each, let the others run, and see whether it is a race.

    Args:
        program: An async function without arguments, as for `explore`.
        suspects: The file that `anymutex race --suspects` or `pytest --race-suspects` wrote, or suspects.
        backends: Of `"asyncio"` and `"trio"`, in this order.
        max_schedules: So many at most for each suspect on each backend.
        max_seconds: So long at most in all, looked at between two runs.
        seed: Of the orders that are drawn.
        early_timers: So many seconds in all may the timers of a run fire early, for those who sleep while a
            window is open; as for `explore`.
        progress: As for `explore`.

    Returns:
        A `Confirmation`, with a failure for each suspect that is a race; nothing is raised unless you
        `check()`. What is not confirmed is not proved to be right.

    Raises:
        UsageError: The file can't be read or is none of suspects, none of them is of this program, or what
            `explore` refuses.
        TypeError: `program` can't be called without arguments, or another argument is of a wrong type.
        ConfirmingInterrupted: Ctrl-C; a KeyboardInterrupt that has what is known so far.

    Don't use it instead of `explore(races=True)`, which needs no suspects: it is for what only a real run
    shows, as with real data, and explores no more than these few windows. It is not a checkpoint.

    Example:
        >>> async def program():
        ...     return 42
        >>> confirm(program, "no_such.json")
        Traceback (most recent call last):
            ...
        anymutex.errors.UsageError: can't read no_such.json: No such file or directory
    """
    refuse_unless_a_program(program)
    chosen = checked_backends(backends)
    asked = Question(
        chosen, max_schedules, max_seconds, seed, None, False, early_timers, True, None, progress
    )
    if isinstance(suspects, str | os.PathLike):
        name, every = os.fspath(suspects), suspects_in(os.fspath(suspects))
    else:
        name, every = "suspects", list(suspects)
    own = _own(every, put_hooks_around(program), name)
    return Confirming(program, own, asked).result()


def _own(suspects: Sequence[Suspect], files: Sequence[str], name: str) -> list[Suspect]:
    """Those of the program, whose `files` are known."""
    shown = {stacks.place_in(file, 1, "").file for file in files}
    own = [suspect for suspect in suspects if suspect.read.file in shown or suspect.write.file in shown]
    if suspects and not own:
        raise UsageError(f"{name}: none is of this program, whose files are {', '.join(sorted(shown)[:4])}")
    return own


class Confirming:
    """Forces the suspects of one program, once."""

    def __init__(self, program: AsyncProgram, suspects: Sequence[Suspect], asked: Question) -> None:
        self._program = program
        self._asked = asked
        self._forced = tuple(Forced(suspect) for suspect in suspects)
        self._until = time.monotonic() + asked.max_seconds
        self._other: Failure | None = None
        self._stopped_by: str | None = None
        self._left_out: dict[str, str] = {}

    def result(self) -> Confirmation:
        """Do it, in a thread of its own.

        Raises:
            ConfirmingInterrupted: Ctrl-C.
        """
        try:
            OwnThread(self._work).result()
        except KeyboardInterrupt:
            self._stopped_by = "Ctrl-C"
            raise ConfirmingInterrupted(self._summed_up()) from None
        return self._summed_up()

    def _summed_up(self) -> Confirmation:
        return Confirmation(self._forced, self._other, self._stopped_by, self._left_out)

    def _work(self, broken_off: Callable[[], bool]) -> None:
        for backend in self._asked.backends:
            try:
                with runner_of(self._program, backend, self._asked.rules) as runner:
                    reporter = Reporter(self._asked.progress)
                    for forced in self._forced:
                        if forced.failure is None:
                            self._force(forced, runner, reporter, broken_off)
            except WrongBackendError as wrong:
                self._left_out[backend] = wrong.reason
                if len(self._left_out) == len(self._asked.backends):
                    raise

    def _force(
        self, forced: Forced, runner: Runner, reporter: Reporter, broken_off: Callable[[], bool]
    ) -> None:
        early_timers = bool(self._asked.early_timers)
        strategy = Hold(forced.suspect.awaits, self._asked.seed, early_timers=early_timers)
        runner.watch = Watch(is_on=True, only=forced.suspect)
        for _ in range(self._asked.max_schedules):
            if broken_off() or self._is_late():
                break
            outcome = runner.run(strategy, strategy.look)
            assert outcome is not None  # it can hold as often as one likes
            forced.schedules += 1
            reporter.report(runner.backend, forced.schedules, "failed" if outcome.kind else "unfinished")
            if outcome.races:
                forced.failure = told(runner, outcome, broken_off)
                break
            if outcome.kind is not None and self._other is None:
                self._other = told(runner, outcome, broken_off)
        forced.was_reached = forced.was_reached or strategy.was_reached

    def _is_late(self) -> bool:
        if time.monotonic() < self._until:
            return False
        self._stopped_by = f"max_seconds={self._asked.max_seconds:g}"
        return True
