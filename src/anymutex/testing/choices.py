"""A schedule as the list of its choices, and its printable form, the token.

Rule 1. A task is named by its *spawn path*: `(0,)` is the program, `(0, 1)` the second task it started. That
        is the same in every order of steps and on every backend; names and addresses are not.
Rule 2. A schedule lists its *deviations* alone: at step 7 the task 0.1 ran, although the loop would have run
        another. All other choices are the loop's own, so the default order is the empty schedule.
Rule 3. What the tool did to the program before a step is a deviation too, an *injection*: it cancelled a
        task, or let the clock go on to the next timer although somebody could run.
Rule 4. A token is safe to paste into a shell, and says which version of these rules it follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TaskId: TypeAlias = tuple[int, ...]
Act: TypeAlias = Literal["runs", "cancel", "timer"]

VERSION = "v1"
_MARKS: dict[Act, str] = {"cancel": "x", "timer": "t", "runs": "="}  # in the order they come within a step
_ACTS: dict[str, Act] = {mark: act for act, mark in _MARKS.items()}
_RANKS = {act: rank for rank, act in enumerate(_MARKS)}
_DEVIATION = re.compile(r"(\d{1,9})(?:([=x])(\d{1,9}(?:\.\d{1,9})*)|(t))", re.ASCII)
_LONGEST = 60  # characters of a token that are shown


class TokenError(UsageError, ValueError):
    """What was given as a token is none: `str(error)` is the one line that says why."""


class Deviation(NamedTuple):
    """What was not as the loop would have it.

    Attributes:
        step: The first one of a run is 0.
        task: Which one; `()` for a timer.
        act: `runs`: it took this step, and was not the first in the queue. `cancel`: the tool cancelled it
            before this step. `timer`: the clock went on to the next timer before this step.
    """

    step: int
    task: TaskId = ()
    act: Act = "runs"

    @property
    def place(self) -> tuple[int, int]:
        """Where it comes in a schedule."""
        return self.step, _RANKS[self.act]

    def __str__(self) -> str:
        return f"{self.step}{_MARKS[self.act]}{shown_id(self.task)}"


@dataclass(frozen=True)
class Schedule:
    """One order of steps.

    Example:
        >>> schedule = Schedule((Deviation(3, (0, 1)), Deviation(7, (0,))))
        >>> schedule.token
        'v1,3=0.1,7=0'
        >>> Schedule.parse("v1,3=0.1,7=0") == schedule
        True
        >>> Schedule((Deviation(3, (0, 1), "cancel"), Deviation(3, (0, 2)), Deviation(5, act="timer"))).token
        'v1,3x0.1,3=0.2,5t'
    """

    deviations: tuple[Deviation, ...] = ()
    """In the order of their places, which are all distinct but for several cancels before one step."""

    @classmethod
    def of_trace(
        cls,
        trace: Sequence[TaskId],
        queues: Iterable[Sequence[TaskId]],
        injected: Iterable[Deviation] = (),
    ) -> Schedule:
        """The schedule of a run: who ran at each step, who stood in the queue then, what the tool did."""
        steps = enumerate(zip(trace, queues, strict=True))
        overtakings = [Deviation(step, task) for step, (task, queue) in steps if task != queue[0]]
        return cls(tuple(sorted([*injected, *overtakings], key=_by_place)))

    @classmethod
    def parse(cls, token: str) -> Schedule:
        """The schedule that `token` stands for.

        Raises:
            TokenError: It is none; a ValueError too.
        """
        version, *parts = token.strip().split(",")
        if version != VERSION:
            raise TokenError(f"not a token of this version: {_short(token)} does not begin with {VERSION!r}")
        deviations = tuple(_parsed(part, token) for part in parts)
        if list(deviations) != sorted(deviations, key=_by_place) or _has_twice(deviations):
            raise TokenError(f"not a token: the steps of {_short(token)} do not rise")
        return cls(deviations)

    @property
    def token(self) -> str:
        """The printable form."""
        return ",".join([VERSION, *map(str, self.deviations)])


def shown_id(task: TaskId) -> str:
    """A spawn path as people read it.

    >>> shown_id((0, 2, 1))
    '0.2.1'
    """
    return ".".join(map(str, task))


def _parsed(part: str, token: str) -> Deviation:
    match = _DEVIATION.fullmatch(part)
    if match is None:
        raise TokenError(f"not a token: {_short(part)} in {_short(token)} is none of 3=0.1, 3x0.1 and 3t")
    step, mark, task, timer = match.groups()
    return Deviation(int(step), tuple(map(int, task.split("."))) if task else (), _ACTS[mark or timer])


def _short(text: str) -> str:
    """The `repr` of what was given as a token or a part of one, which may be of any length."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}... ({len(text):,} characters)"


def _by_place(deviation: Deviation) -> tuple[int, int]:
    return deviation.place


def _has_twice(deviations: Iterable[Deviation]) -> bool:
    """Whether something can't be done twice before one step; tasks can be cancelled, each once."""
    unique = [one if one.act == "cancel" else one.place for one in deviations]
    return len(unique) != len(set(unique))
