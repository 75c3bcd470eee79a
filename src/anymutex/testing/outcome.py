"""Outcome: what one run of a program came to, as plain data."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from anymutex.errors import ConflictError, DeadlockError, UsageError
from anymutex.report import shown, without_addresses
from anymutex.testing.choices import Schedule
from anymutex.testing.refusals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anymutex.testing.blocked import Blocked
    from anymutex.testing.choices import Deviation, TaskId
    from anymutex.testing.complaint import Complaint
    from anymutex.testing.driver import Ended
    from anymutex.testing.scheduler import Scheduler
    from anymutex.watch.racereport import AwaitRace

Kind: TypeAlias = Literal[
    "exception", "deadlock", "hang", "livelock", "loop-handler", "conflict", "race", "outcomes-differ"
]

CANCELLED = "cancelled"
"""The value of a program that was cancelled with one of its tasks."""


@dataclass(frozen=True)
class Outcome:
    """One run: how it ended and in which order it got there."""

    kind: Kind | None
    """How it failed; None if it did not."""
    summary: str
    """In one line: the `repr` of the value, or the failure."""
    error: BaseException | None
    trace: tuple[TaskId, ...]
    queues: Sequence[Sequence[TaskId]]
    """For each step, who could run, the first one by the default order first."""
    injected: Sequence[Deviation]
    """What the tool did to the program."""
    names: dict[TaskId, str]
    blocked: tuple[Blocked, ...]
    leftovers: tuple[str, ...]
    complaints: tuple[Complaint, ...]
    """What the loop's exception handler was told."""
    races: tuple[AwaitRace, ...]
    """The await races that were seen."""
    is_cut: bool
    """Whether the run was so long that the strategy was not asked any more."""
    has_peer: bool = False
    """Whether somebody outside of the program takes part in it, through a socket."""

    @cached_property
    def schedule(self) -> Schedule:
        """What was chosen."""
        return Schedule.of_trace(self.trace, self.queues, self.injected)

    @property
    def overtaken(self) -> tuple[TaskId | None, ...]:
        """For each step, who stood first in the queue, if that was another than the one who ran."""
        steps = zip(self.trace, self.queues, strict=True)
        return tuple(queue[0] if queue[0] != task else None for task, queue in steps)

    @property
    def signature(self) -> tuple[object, ...]:
        """The same for two runs that failed in the same way; the words of an exception may differ."""
        if self.kind == "race":
            return (self.kind, self.races[0].key)
        return (self.kind, *sorted({type(leaf).__name__ for leaf in leaves_of(self.error)}))


def outcome_of(ended: Ended, scheduler: Scheduler, races: Sequence[AwaitRace] = ()) -> Outcome:
    """What the run came to that `scheduler` decided, that ended like this, and in which `races` were seen.

    Raises:
        UsageError: The program does what can't be driven.
    """
    _refuse_what_is_not_driven(ended)
    ended = _without_our_cancels(ended, scheduler)
    if scheduler.broken is not None:
        ended = ended._replace(error=scheduler.broken, blocked=())
    kind = _kind_of(ended, scheduler)
    if kind is None and races:
        kind = "race"
    is_ours = kind in ("deadlock", "hang", "livelock") and scheduler.stopped == kind
    return Outcome(
        kind=kind,
        summary=races[0].headline if kind == "race" else _summary(kind, ended, is_ours=is_ours),
        races=tuple(races),
        error=None if is_ours else ended.error,
        trace=tuple(scheduler.trace),
        queues=scheduler.queues,
        injected=scheduler.injected,
        names=scheduler.names,
        blocked=ended.blocked,
        leftovers=ended.leftovers,
        complaints=ended.complaints,
        is_cut=scheduler.is_cut,
        has_peer=ended.has_peer,
    )


def leaves_of(error: BaseException | None) -> Iterator[BaseException]:
    """The exceptions in `error`, groups within groups unwrapped."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from leaves_of(member)
    elif error is not None:
        yield error


def _refuse_what_is_not_driven(ended: Ended) -> None:
    refusal = next((leaf for leaf in leaves_of(ended.error) if isinstance(leaf, UsageError)), None)
    if refusal is not None:
        raise refusal
    if any(_is_of_signals(leaf) for leaf in leaves_of(ended.error)):
        raise UsageError(SIGNALS)
    if ended.threads:
        names = ", ".join(ended.threads)
        raise UsageError(
            f"explore can't drive threads that a program starts by itself ({names}), and its tasks may "
            "wait for them: use anyio.to_thread, or an executor"
        )


def _is_of_signals(error: BaseException) -> bool:
    """Whether Python has refused to touch signals in the thread that drives."""
    return isinstance(error, ValueError) and "only works in main thread" in text_of(error)


def _without_our_cancels(ended: Ended, scheduler: Scheduler) -> Ended:
    """Who awaits a task that the tool has cancelled is cancelled with it (asyncio): nobody's fault."""
    leaves = list(leaves_of(ended.error))
    if scheduler.cancelled and leaves and all(isinstance(leaf, CancelledError) for leaf in leaves):
        return ended._replace(error=None, value=CANCELLED)
    return ended


def _kind_of(ended: Ended, scheduler: Scheduler) -> Kind | None:
    if scheduler.stopped in ("deadlock", "hang", "livelock"):
        return scheduler.stopped
    leaves = list(leaves_of(ended.error))
    if any(isinstance(leaf, ConflictError) for leaf in leaves):
        return "conflict"
    if any(isinstance(leaf, DeadlockError) for leaf in leaves):
        return "deadlock"
    if leaves:
        return "exception"
    return "loop-handler" if ended.complaints else None


def _summary(kind: Kind | None, ended: Ended, *, is_ours: bool) -> str:
    if kind is None:
        return shown(ended.value)
    if kind == "loop-handler":
        return ended.complaints[0].text
    if is_ours:
        return kind
    lines = {first_line_of(leaf) for leaf in leaves_of(ended.error)}
    return without_addresses("; ".join(sorted(lines)))


def text_of(error: BaseException) -> str:
    """Its message, also of one that can't tell it."""
    try:
        return str(error)
    except Exception as trouble:
        return f"<its text can't be had: {type(trouble).__name__}>"


def first_line_of(error: BaseException) -> str:
    """Its class and the first line of its message."""
    text = text_of(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
