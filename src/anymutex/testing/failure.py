"""Failure: what is told of a schedule under which a program fails.

A column for each task, a line for each step with the source line at which the task then stopped, the
deviations marked; what went wrong; and the call that does it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from anymutex import stacks, tasks
from anymutex.report import line_of, stack_lines, versioned
from anymutex.testing.blocked import ring_in
from anymutex.testing.choices import shown_id
from anymutex.testing.outcome import leaves_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.stacks import Place
    from anymutex.testing.blocked import Blocked
    from anymutex.testing.choices import TaskId
    from anymutex.testing.outcome import Kind, Outcome
    from anymutex.testing.repetition import Repetition
    from anymutex.testing.scheduler import Scheduler, Task


class ScheduleError(AssertionError):
    """A program fails under some schedule: `str(error)` is the whole report."""


class Stop(NamedTuple):
    """Where a task stood after a step."""

    place: Place | None
    has_ended: bool


class Notebook:
    """Observes one run: where each step led."""

    def __init__(self) -> None:
        self.stops: list[Stop] = []

    def note(self, scheduler: Scheduler, task: Task) -> None:
        """A step was taken."""
        has_ended = tasks.has_ended(task)
        sites = [] if has_ended else stacks.suspended_sites(tasks.coroutine_of(task))
        self.stops.append(Stop(stacks.place_of(sites[-1]) if sites else None, has_ended))


@dataclass(frozen=True)
class Failure:
    """A schedule under which the program fails.

    Attributes:
        backend: Where it was found.
        kind: How it fails: `exception`, `deadlock`, `hang`, `livelock`, `loop-handler` or `conflict`.
        error: What the program raised; None if it had to be stopped.
        token: The schedule, for `replay`.
        deviations: How many steps of it are not those of the default order.
        is_reproducible: Whether the same schedule failed in the same way again.
        report: All of it as text.
    """

    backend: str
    kind: Kind
    error: BaseException | None = field(compare=False)
    token: str
    deviations: int
    is_reproducible: bool
    report: str

    def raise_it(self) -> None:
        """Raise the failure, caused by what the program raised.

        Raises:
            ScheduleError: Always.
        """
        raise ScheduleError(self.report) from self.error


def failure_of(
    outcome: Outcome, backend: str, repetition: Repetition, stops: list[Stop], *, is_reproducible: bool
) -> Failure:
    """What is told of a run that failed.

    Args:
        outcome: The run.
        backend: Where it ran.
        repetition: How the user runs it again.
        stops: Where each step of the run led.
        is_reproducible: Whether it failed in the same way twice.
    """
    assert outcome.kind is not None
    return Failure(
        backend=backend,
        kind=outcome.kind,
        error=outcome.error,
        token=outcome.schedule.token,
        deviations=len(outcome.schedule.deviations),
        is_reproducible=is_reproducible,
        report="\n".join(_report(outcome, backend, repetition, stops, is_reproducible)),
    )


def _report(
    outcome: Outcome, backend: str, repetition: Repetition, stops: list[Stop], is_reproducible: bool
) -> Iterator[str]:
    yield _headline(outcome)
    yield ""
    yield from step_lines(outcome, stops)
    yield ""
    yield from _stuck_lines(outcome) if outcome.blocked else _error_lines(outcome)
    if outcome.leftovers:
        yield f"left over although cancelled: {', '.join(outcome.leftovers)}"
    yield f"backend {versioned(backend)}, {_distance(outcome)}"
    yield ""
    if not is_reproducible:
        yield "not reproducible: the program has other randomness or state between runs"
    yield f"to repeat: {repetition(outcome.schedule.token, backend)}"


def _headline(outcome: Outcome) -> str:
    if outcome.kind == "deadlock" and outcome.blocked:
        ring = ring_in(outcome.blocked)
        count = f"{len(ring)} of {len(outcome.blocked)}" if ring else "all"
        return f"{count} tasks are asleep - deadlock!"
    if outcome.kind == "hang":
        return "hang: no task that matters has moved for 120 s of virtual time, while others go on"
    if outcome.kind == "livelock":
        return "livelock: tasks go on and on without getting anywhere, and no time passes"
    return outcome.summary


def _distance(outcome: Outcome) -> str:
    count = len(outcome.schedule.deviations)
    if not count:
        return "in the default order"
    return f"{count} {'deviation' if count == 1 else 'deviations'} from the default order"


def step_lines(outcome: Outcome, stops: list[Stop]) -> Iterator[str]:
    """The steps of a run: `o` where a task went on, `*` where it was not the first in the queue.

    Steps of one task that lead to the same line again and again are told once.
    """
    columns = sorted(set(outcome.trace))
    widths = [max(len(shown_id(task)), 3) for task in columns]
    yield f"step  {_row(map(shown_id, columns), widths)}  up to"
    deviating = {deviation.step for deviation in outcome.schedule.deviations}
    steps = [
        (task, "*" if step in deviating else "o", _stop_text(stop))
        for step, (task, stop) in enumerate(zip(outcome.trace, stops, strict=False))
    ]
    number = 0
    for (task, mark, text), same in groupby(steps):
        count = sum(1 for _ in same)
        row = _row((mark if column == task else "." for column in columns), widths)
        times = f"  ({count} times)" if count > 1 else ""
        yield f"{number:>4}  {row}  {_name(outcome, task):<12} {text}{times}".rstrip()
        number += count


def _row(cells: Iterable[str], widths: list[int]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _stop_text(stop: Stop) -> str:
    if stop.has_ended:
        return "ends"
    return line_of(stop.place) if stop.place else "waits"


def _name(outcome: Outcome, task: TaskId) -> str:
    return tasks.shortened(outcome.names[task])


def _who(outcome: Outcome, task: TaskId) -> str:
    return f'task "{_name(outcome, task)}" {shown_id(task)}'


def _stuck_lines(outcome: Outcome) -> Iterator[str]:
    for one in outcome.blocked:
        yield f"{_who(outcome, one.task)} [{_waits_for(outcome, one)}]:"
        yield from stack_lines(one.places)
        yield ""
    ring = ring_in(outcome.blocked)
    if ring:
        names = [_who(outcome, one.task) for one in (*ring, ring[0])]
        yield f"waits: {' -> '.join(names)}"


def _waits_for(outcome: Outcome, one: Blocked) -> str:
    wants = f"waiting for {one.wants}" if one.wants else "waiting"
    return f"{wants}, held by {_who(outcome, one.owner)}" if one.owner else wants


def _error_lines(outcome: Outcome) -> Iterator[str]:
    for leaf in leaves_of(outcome.error):
        yield f"{type(leaf).__name__} raised at:"
        yield from stack_lines(_raised_at(leaf))
        yield ""


def _raised_at(error: BaseException) -> tuple[Place, ...]:
    sites = []
    traceback = error.__traceback__
    while traceback is not None:
        if not stacks.is_machinery(traceback.tb_frame.f_code.co_filename):
            sites.append((traceback.tb_frame.f_code, traceback.tb_lasti))
        traceback = traceback.tb_next
    return stacks.places_of(sites)
