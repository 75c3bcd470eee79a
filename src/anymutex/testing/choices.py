"""A schedule as the list of its choices, and its printable form, the token.

Rule 1. A task is named by its *spawn path*: `(0,)` is the program, `(0, 1)` the second task it started. That
        is the same in every order of steps and on every backend; names and addresses are not.
Rule 2. A schedule lists its *deviations* alone: at step 7 the task 0.1 ran, although the loop would have run
        another. All other choices are the loop's own, so the default order is the empty schedule.
Rule 3. A token is safe to paste into a shell, and says which version of these rules it follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TaskId: TypeAlias = tuple[int, ...]

VERSION = "v1"
_DEVIATION = re.compile(r"(\d{1,9})=(\d{1,9}(?:\.\d{1,9})*)")


class Deviation(NamedTuple):
    """At `step` (the first one of a run is 0) ran `task`, which was not the first in the queue."""

    step: int
    task: TaskId

    def __str__(self) -> str:
        return f"{self.step}={shown_id(self.task)}"


@dataclass(frozen=True)
class Schedule:
    """One order of steps.

    Example:
        >>> schedule = Schedule((Deviation(3, (0, 1)), Deviation(7, (0,))))
        >>> schedule.token
        'v1,3=0.1,7=0'
        >>> Schedule.parse("v1,3=0.1,7=0") == schedule
        True
    """

    deviations: tuple[Deviation, ...] = ()
    """In the order of their steps, which are all distinct."""

    @classmethod
    def of_trace(cls, trace: Sequence[TaskId], queues: Iterable[Sequence[TaskId]]) -> Schedule:
        """The schedule of a run: who ran at each step, and who stood in the queue then."""
        steps = enumerate(zip(trace, queues, strict=True))
        return cls(tuple(Deviation(step, task) for step, (task, queue) in steps if task != queue[0]))

    @classmethod
    def parse(cls, token: str) -> Schedule:
        """The schedule that `token` stands for.

        Raises:
            ValueError: It is none; the text is one line that says why.
        """
        version, *parts = token.strip().split(",")
        if version != VERSION:
            raise ValueError(f"not a token of this version: {token!r} does not begin with {VERSION!r}")
        deviations = tuple(_parsed(part, token) for part in parts)
        steps = [deviation.step for deviation in deviations]
        if steps != sorted(set(steps)):
            raise ValueError(f"not a token: the steps of {token!r} do not rise")
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
        raise ValueError(f"not a token: {part!r} in {token!r} is not of the form STEP=TASK, such as 3=0.1")
    return Deviation(int(match.group(1)), tuple(map(int, match.group(2).split("."))))
