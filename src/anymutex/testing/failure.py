"""Failure: what is told of a schedule under which a program fails.

What happened, the steps that led there, where everybody stood, how far that is from the default order, and
the call that does it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from anymutex.report import Report, versioned
from anymutex.testing.blocked import ring_in
from anymutex.testing.errortext import Raised, raised_of
from anymutex.testing.outcome import leaves_of
from anymutex.testing.stucktext import Standstill, spins_of, standstill_of
from anymutex.testing.turns import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.testing.diary import Diary
    from anymutex.testing.outcome import Kind, Outcome
    from anymutex.testing.repetition import Repetition
    from anymutex.testing.steps import Steps
    from anymutex.watch.racereport import AwaitRace

ASLEEP = " asleep - deadlock!"
WAITING = " asleep - a deadlock, unless a peer outside of the program still sends something"
HANG = "hang: no task that matters has moved for 120 s of virtual time, while others go on"
BEATS = 50
"""So many jumps of the clock, and so at least as many steps, a hang has had without progress."""
HANG_OF_ALL = "hang: {who} again and again for 120 s of virtual time, and nothing comes of it"
LIVELOCK = "livelock: tasks go on and on without getting anywhere, and no time passes"
MAYBE_FEWER = "; fewer may do: not all schedules with fewer were run"
NOT_REPRODUCIBLE = "not reproducible: the program has other randomness or state between runs"
PEER = (
    "a socket was waited for in real time: a peer outside of the program is in no schedule, and may answer "
    "another time, or later"
)
VARYING = "not all of this is reproducible: values differ from run to run under the same schedule"


class ScheduleError(AssertionError):
    """A program fails under some schedule: `str(error)` is the whole report."""


@dataclass(frozen=True)
class FailingSchedule(Report):
    """A run that failed, as plain data."""

    what: str
    """`2 of 3 tasks are asleep - deadlock!`"""
    interference: str
    """What the tool itself did to the program, as a cancel; empty if nothing."""
    steps: Steps
    standstill: Standstill | None
    raised: tuple[Raised, ...]
    complaints: tuple[str, ...]
    """What the loop's exception handler was told."""
    races: tuple[AwaitRace, ...]
    """The await races that were seen."""
    peer: str
    """That somebody outside of the program takes part in it; empty if not."""
    locks_held: tuple[str, ...]
    leftovers: tuple[str, ...]
    backend: str
    distance: str
    doubt: str
    """Why it may not happen again; empty if it did."""
    how_to_repeat: str

    def lines(self) -> Iterator[str]:
        if self.interference:
            yield self.interference
        yield self.what
        yield ""
        if self.steps.turns:
            yield from self.steps.lines()
            yield ""
        yield from self._why()
        yield f"backend {self.backend}"
        yield self.distance
        yield ""
        if self.doubt:
            yield self.doubt
        yield f"to repeat: {self.how_to_repeat}"

    def to_json(self) -> dict[str, object]:
        """The same as plain data, the text included."""
        return {**super().to_json(), "races": [race.to_json() for race in self.races]}

    def _why(self) -> Iterator[str]:
        for raised in self.raised:
            yield from raised.lines()
            yield ""
        for complaint in self.complaints:
            if complaint == self.what:
                continue
            yield f"the loop's exception handler was told: {complaint}"
            yield ""
        for race in self.races:
            yield from race.lines()
            yield ""
        if self.standstill:
            yield from self.standstill.lines()
        if self.peer:
            yield self.peer
            yield ""
        if self.locks_held:
            yield f"locks held when it ended: {', '.join(self.locks_held)}"
        if self.leftovers:
            yield f"left over although cancelled: {', '.join(self.leftovers)}"


@dataclass(frozen=True)
class Failure:
    """A schedule under which the program fails.

    Attributes:
        backend: Where it was found.
        kind: How it fails: `exception`, `deadlock`, `hang`, `livelock`, `loop-handler`,
            `conflict`, `race` or `outcomes-differ`.
        error: What the program raised; None if it had to be stopped.
        token: The schedule, for `replay`.
        deviations: How many steps of it are not those of the default order.
        is_reproducible: Whether the same schedule failed in the same way again.
        is_fewest: Whether no schedule with fewer deviations fails in the same way, as all of them were run.
        details: All that is told of it, as plain data.
    """

    backend: str
    kind: Kind
    error: BaseException | None = field(compare=False)
    token: str
    deviations: int
    is_reproducible: bool
    details: Report
    is_fewest: bool = field(default=False, compare=False)  # known to a search, and to no replay

    @property
    def report(self) -> str:
        """All of it as text."""
        return str(self.details)

    def to_json(self) -> dict[str, object]:
        """The failure as plain data, the text included."""
        return {
            **self.details.to_json(),
            "kind": self.kind,
            "on": self.backend,
            "token": self.token,
            "deviations": self.deviations,
            "is_reproducible": self.is_reproducible,
            "is_fewest": self.is_fewest,
        }

    def varying(self) -> Failure:
        """The same, of a schedule that failed in the same way again, but on another way."""
        assert isinstance(self.details, FailingSchedule)
        return replace(self, details=replace(self.details, doubt=VARYING))

    def raise_it(self) -> None:
        """Raise the failure, caused by what the program raised.

        Raises:
            ScheduleError: Always.
        """
        raise ScheduleError(self.report) from self.error


@dataclass(frozen=True)
class Circumstances:
    """What is known of a failing run besides the run."""

    backend: str
    repetition: Repetition
    """How the user runs it again."""
    default_order: str | None = None
    """How the default order ended on this backend: empty if well; None if it was not run."""
    is_reproducible: bool = True
    is_fewest: bool | None = None
    """Whether no schedule with fewer deviations fails like this; None to a replay, which has no other."""


def failure_of(outcome: Outcome, diary: Diary, known: Circumstances) -> Failure:
    """What is told of a run that failed."""
    assert outcome.kind is not None
    steps = steps_of(outcome, diary)
    places = [entry.place for entry in diary.entries]
    spins = spins_of(outcome.trace, places) if outcome.kind == "livelock" else {}
    details = FailingSchedule(
        what=diary.renamed(_headline(outcome)),
        interference=_interference(steps),
        steps=steps,
        standstill=standstill_of(outcome.blocked, steps.who, spins) if outcome.blocked else None,
        raised=(
            *raised_of(outcome.error, lambda leaf: steps.who(diary.raiser_of(leaf) or (0,)), diary.renamed),
            *_raised_unheard(outcome, diary, steps),
        ),
        complaints=tuple(diary.renamed(complaint.text) for complaint in outcome.complaints),
        races=outcome.races,
        peer=PEER if outcome.has_peer else "",
        locks_held=() if outcome.blocked else tuple(_locks_held(outcome, diary, steps)),
        leftovers=outcome.leftovers,
        backend=versioned(known.backend),
        distance=_distance(outcome, known),
        doubt="" if known.is_reproducible else NOT_REPRODUCIBLE,
        how_to_repeat=known.repetition(outcome.schedule.token, known.backend),
    )
    return Failure(
        backend=known.backend,
        kind=outcome.kind,
        error=outcome.error,
        token=outcome.schedule.token,
        deviations=len(outcome.schedule.deviations),
        is_reproducible=known.is_reproducible,
        details=details,
        is_fewest=bool(known.is_fewest),
    )


def _raised_unheard(outcome: Outcome, diary: Diary, steps: Steps) -> Iterator[Raised]:
    """The exceptions that nobody has asked for, as the loop's exception handler was told of them."""
    for complaint in outcome.complaints:
        culprit = complaint.culprit(outcome.names, diary.names)
        who = "" if culprit is None else steps.who(culprit)
        for raised in complaint.raised:
            yield replace(raised, who=who, message=diary.renamed(raised.message))


def _interference(steps: Steps) -> str:
    """The cancels of the tool, for what comes of them is no fault of the order of the steps."""
    cancels = [
        remark.text.replace("cancels", "cancelled", 1) for remark in steps.remarks if remark.mark == "!"
    ]
    return "; ".join(cancels)


def _headline(outcome: Outcome) -> str:
    if outcome.kind == "deadlock" and outcome.blocked:
        ring = ring_in(outcome.blocked)
        count, all_ = len(ring), len(outcome.blocked)
        if ring:
            return f"{count} of {all_} tasks are{ASLEEP}"
        everybody = {1: "the only task is", 2: "both tasks are"}.get(all_, f"all {all_} tasks are")
        return everybody + (WAITING if outcome.has_peer else ASLEEP)
    if outcome.kind == "hang":
        return _hang(outcome)
    return LIVELOCK if outcome.kind == "livelock" else outcome.summary


def _hang(outcome: Outcome) -> str:
    """Whether somebody is left behind while others go on, or all go on."""
    movers = set(outcome.trace[-BEATS:])
    if any(one.task not in movers and not one.is_join for one in outcome.blocked):
        return HANG
    return HANG_OF_ALL.format(who="the only task wakes" if len(outcome.blocked) == 1 else "all tasks wake")


def _distance(outcome: Outcome, known: Circumstances) -> str:
    """How far the schedule is from what the plain loop does, and whether that was seen to fail."""
    count = len(outcome.schedule.deviations)
    plain = "asyncio's own" if known.backend == "asyncio" else "first woken, first served"
    if not count:
        return f"fails in the default order ({plain})"
    away = f"{count} {'deviation' if count == 1 else 'deviations'} from the default order ({plain})"
    if known.default_order is None:
        return away
    ending = f"fails: {known.default_order}" if known.default_order else "does not fail"
    return f"{away}, which was run too and {ending}{MAYBE_FEWER if known.is_fewest is False else ''}"


def _locks_held(outcome: Outcome, diary: Diary, steps: Steps) -> Iterator[str]:
    """Those that others held when the task that failed first had come to its end."""
    first = next(leaves_of(outcome.error), None)
    raiser = first and (diary.raiser_of(first) or (0,))
    for task, entry in zip(outcome.trace, diary.entries, strict=False):
        if task == raiser:
            yield from (f"{name} by {steps.who(holder)}" for holder, name in entry.held)
