"""Exploration: what was found out about a program by running it under many schedules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from anymutex.testing.injections import NOTHING
from anymutex.testing.strategy import ALL

if TYPE_CHECKING:
    from anymutex.testing.failure import Failure
    from anymutex.testing.injections import Bounds

Verdict: TypeAlias = Literal["failed", "proved", "bounded", "unfinished"]

ASSUMPTION = (
    "a program that does the same under the same schedule, and whose tasks meet at their awaits alone: "
    "worker threads that share nothing with tasks, no {timers}, no {cancels} from outside"
)

PEER = "not all of it is in the schedules: a peer outside of the program takes part, through a socket"


@dataclass(frozen=True)
class Exploration:
    """The result of `explore`. Its text is the verdict in a line or two, or the report of the failure."""

    verdict: Verdict
    """`failed`: a schedule fails. `proved`: every schedule was run. `bounded`: every schedule with few
    deviations was run. `unfinished`: stopped by a limit before anything of that could be said."""
    failure: Failure | None
    schedules: dict[str, int]
    """How many were run on each backend, up to the first failure."""
    outcomes: dict[str, set[str]]
    """What came of them on each backend: the `repr` of the value returned, or the failure in one line."""
    covered: float
    """Every schedule with at most so many deviations was run, on each backend; -1 if not even the default."""
    stopped_by: str | None
    """The limit that ended the search; None if it ended by itself."""
    bounds: Bounds = NOTHING
    """What the tool was allowed to do to the program in a run."""
    has_peer: bool = False
    """Whether a socket was waited for in real time. What comes from outside of the program is in no schedule:
    then the same schedule may end in another way."""
    has_swept: bool = False
    """Whether each task was cancelled at each of its awaits in the default order, one cancel a run."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The backends that the program can't run on, and why: it calls asyncio itself, say, on trio."""

    @property
    def assumption(self) -> str | None:
        """What `proved` rests on, in words; None for any other verdict."""
        if self.verdict != "proved":
            return None
        cancels, timers = self.bounds.cancels, self.bounds.timers
        return ASSUMPTION.format(
            timers=f"more than {timers} early timers a run" if timers else "early timers",
            cancels=f"more than {cancels} cancel of a task a run" if cancels else "cancellation",
        )

    def check(self) -> Exploration:
        """Return itself if no schedule failed.

        Raises:
            ScheduleError: One did; the text is the report. What the program raised is its cause.
        """
        if self.failure is not None:
            self.failure.raise_it()
        return self

    def __str__(self) -> str:
        if self.failure is not None:
            return self.failure.report
        counts = ", ".join(f"{count:,} on {backend}" for backend, count in self.schedules.items())
        what = f"{self._coverage()}{self._swept()}"
        rest = f"{self._limit()}{self._missing()}{self._peer()}"
        return f"{self.verdict}: {what}; schedules run: {counts}{rest}"

    def _coverage(self) -> str:
        if self.verdict == "proved":
            return "no schedule fails, every one was run"
        if self.verdict == "bounded":
            return f"no schedule with at most {int(self.covered)} {self._what()} fails, every one was run"
        return "no failure so far"

    def _what(self) -> str:
        more = [
            name
            for name, count in (("cancels", self.bounds.cancels), ("early timers", self.bounds.timers))
            if count
        ]
        return " or ".join(["tasks overtaking", *more])

    def _swept(self) -> str:
        return "; no single cancel of a task in the default order makes it fail" if self.has_swept else ""

    def _peer(self) -> str:
        return f"; {PEER}" if self.has_peer else ""

    def _limit(self) -> str:
        return f"; stopped by {self.stopped_by}" if self.stopped_by else ""

    def _missing(self) -> str:
        return "".join(f"; not run on {backend}: {reason}" for backend, reason in self.left_out.items())


def verdict_of(covered: float, stopped_by: str | None) -> Verdict:
    """What can be said when nothing failed.

    >>> verdict_of(ALL, None), verdict_of(2, "max_schedules=1000"), verdict_of(0, "max_seconds=1")
    ('proved', 'bounded', 'unfinished')
    """
    if covered == ALL:
        return "proved"
    if covered >= 1 or (covered >= 0 and stopped_by is None):
        return "bounded"
    return "unfinished"
