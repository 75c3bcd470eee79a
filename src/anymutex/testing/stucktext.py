"""What is told of a run that stands still or gets nowhere: who waits for what, held by whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from anymutex.report import stack_lines
from anymutex.testing.blocked import ring_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from anymutex.stacks import Place
    from anymutex.testing.blocked import Blocked
    from anymutex.testing.choices import TaskId

    Who = Callable[[TaskId], str]

MOST = 12  # tasks that are told one by one
SPINNING = 1000  # steps in which a task that gets nowhere is seen


@dataclass(frozen=True)
class Stuck:
    """Some tasks that stand at the same place, waiting for the same."""

    who: tuple[str, ...]
    state: str
    """`waiting for mu (anyio.Lock), held by task "b" 0.1; holding log`"""
    places: tuple[Place, ...]
    """From the outermost call to the innermost of the user's own."""
    round: tuple[Place, ...] = ()
    """The lines at which it stops again and again, in a livelock."""

    def lines(self) -> Iterator[str]:
        """The tasks as a paragraph."""
        yield f"{_listed(self.who)} [{self.state}]:"
        yield from stack_lines(self.places)
        if len(self.round) > 1:
            yield "  stops again and again at:"
            yield from stack_lines(self.round, signatures=False)


@dataclass(frozen=True)
class Standstill:
    """Where all tasks stood when the run was stopped."""

    stuck: tuple[Stuck, ...]
    ring: str
    """`task "a" 0.0 -> mu -> task "b" 0.1 -> log -> task "a" 0.0`; empty if there is none."""

    def lines(self) -> Iterator[str]:
        """A paragraph for each, and the ring."""
        for stuck in self.stuck[:MOST]:
            yield from stuck.lines()
            yield ""
        if len(self.stuck) > MOST:
            yield f"... and {sum(len(stuck.who) for stuck in self.stuck[MOST:])} more tasks"
            yield ""
        if self.ring:
            yield f"waits: {self.ring}"


class Spin(NamedTuple):
    """How a task that gets nowhere went on."""

    state: str
    """`goes round and round, 500 of the last 1,000 steps`"""
    places: tuple[Place, ...]


def standstill_of(
    blocked: tuple[Blocked, ...], who: Who, spins: dict[TaskId, Spin] | None = None
) -> Standstill:
    """What is told of the tasks that were found like this; those in a ring come first.

    Args:
        blocked: Where they stood.
        who: What a task is called.
        spins: Those of them that did not stand, if it is a livelock.
    """
    ring = ring_in(blocked)
    in_order = [*ring, *(one for one in blocked if one not in ring)]
    told = [(one.task, _stuck(one, who, (spins or {}).get(one.task))) for one in in_order]
    groups = (list(group) for _, group in groupby(told, lambda pair: pair[1]))
    stuck = (replace(group[0][1], who=tuple(who(task) for task, _ in group)) for group in groups)
    return Standstill(tuple(stuck), _ring_text(ring, who))


def spins_of(trace: Sequence[TaskId], places: Sequence[Place | None]) -> dict[TaskId, Spin]:
    """How each task went on that took part in the last steps of a run.

    Args:
        trace: Who took each step.
        places: Where each of them led.
    """
    last = list(zip(trace, places, strict=False))[-SPINNING:]
    found: dict[TaskId, Spin] = {}
    for task, count in Counter(task for task, _ in last).items():
        stops = dict.fromkeys(place for one, place in last if one == task and place is not None)
        state = f"goes round and round, {count:,} of the last {len(last):,} steps"
        found[task] = Spin(state, tuple(stops)[:MOST])
    return found


def _stuck(one: Blocked, who: Who, spin: Spin | None) -> Stuck:
    if spin is not None:
        return Stuck((), spin.state, one.places, spin.places)
    return Stuck((), _state(one, who), one.places)


def _state(one: Blocked, who: Who) -> str:
    state = one.words or "waiting"
    if one.owners:
        owners = _listed(tuple(map(who, one.owners)))
        state += f" {owners}" if one.is_join else f", held by {owners}"
    return f"{state}; holding {', '.join(one.holds)}" if one.holds else state


def _ring_text(ring: list[Blocked], who: Who) -> str:
    if not ring:
        return ""
    links = (f"{who(one.task)} -> {one.aim}" if one.aim else who(one.task) for one in ring)
    return " -> ".join([*links, who(ring[0].task)])


def _listed(names: Sequence[str]) -> str:
    """`a, b and c`; of many, the first ones."""
    if len(names) > 5:
        return f"{', '.join(names[:4])} and {len(names) - 4} more"
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
