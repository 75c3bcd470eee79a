"""Confirmation: what came of forcing suspects, as text and as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.testing.failure import Failure
    from anymutex.watch.suspect import Suspect


@dataclass
class Forced:
    """One suspect, and what came of it."""

    suspect: Suspect
    schedules: int = 0
    """So many were run to force it, on all backends."""
    was_reached: bool = False
    """Whether a task stood at its await in any of them."""
    failure: Failure | None = None
    """The race that it turned out to be; None if it is not confirmed."""

    def lines(self) -> Iterator[str]:
        """In the summary."""
        yield f"  {self.suspect}"
        if self.failure is not None:
            yield f"      confirmed on {self.failure.backend}, token {self.failure.token}"
        elif self.schedules and not self.was_reached:
            yield f"      not confirmed: no task came to its await in {_counted(self.schedules)}"
        else:
            yield f"      not confirmed in {_counted(self.schedules)}"

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            **self.suspect.to_json(),
            "confirmed": self.failure is not None,
            "schedules": self.schedules,
            "was_reached": self.was_reached,
            "failure": self.failure and self.failure.to_json(),
        }


@dataclass(frozen=True)
class Confirmation:
    """The result of `confirm`. Its text has the report of each confirmed race, and a summary."""

    forced: tuple[Forced, ...]
    other: Failure | None
    """The first run that failed without any of the suspects showing, as by an assertion."""
    stopped_by: str | None
    """The limit that ended it before all was tried; None if it ended by itself."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The backends that the program can't run on, and why."""

    @property
    def confirmed(self) -> tuple[Forced, ...]:
        """Those that are races."""
        return tuple(one for one in self.forced if one.failure is not None)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All that failed: the races, and what else did."""
        races = tuple(one.failure for one in self.forced if one.failure is not None)
        return races if self.other is None else (*races, self.other)

    def check(self) -> Confirmation:
        """Return itself if nothing failed.

        Raises:
            ScheduleError: Something did; the text is the first report.
        """
        for failure in self.failures:
            failure.raise_it()
        return self

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "suspects": [one.to_json() for one in self.forced],
            "other": self.other and self.other.to_json(),
            "stopped_by": self.stopped_by,
            "left_out": self.left_out,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for failure in self.failures:
            yield failure.report
            yield ""
        yield f"suspects: {len(self.forced)}, confirmed: {len(self.confirmed)}"
        for one in self.forced:
            yield from one.lines()
        if self.other is not None:
            yield f"  and a schedule fails without any of them: {self.other.kind}, see above"
        if self.stopped_by is not None:
            yield f"  stopped by {self.stopped_by}"
        yield from (f"  not run on {backend}: {reason}" for backend, reason in self.left_out.items())


def _counted(schedules: int) -> str:
    return f"{schedules} schedule{'s' * (schedules != 1)}"
