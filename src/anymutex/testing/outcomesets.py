"""What a program can come to on one backend and not on the other.

Rule 1. Asked only where every schedule was run on both, and none failed.
Rule 2. Each outcome that only one of them has seen is tried on the other by its own schedule: the two may
        take another number of steps for the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex.report import Report
from anymutex.testing.failure import Failure
from anymutex.testing.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anymutex.testing.choices import Schedule
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.runrules import RunRules
    from anymutex.testing.search import Search


@dataclass(frozen=True)
class OutcomesDiffer(Report):
    """An outcome that one backend has and another can't be brought to."""

    backend: str
    """The one that has it."""
    other: str
    outcome: str
    outcomes: tuple[tuple[str, str, str], ...]
    """All there are: the backend, the outcome, a token that leads there."""
    how_to_repeat: str

    def lines(self) -> Iterator[str]:
        yield f"outcomes differ: {self.backend} can end with {self.outcome}, {self.other} can't"
        yield ""
        yield "every schedule was run on each; their outcomes, with a schedule that leads there:"
        for backend, summary, token in self.outcomes:
            yield f"  {backend:<8} {summary}  ({token})"
        yield ""
        yield f"to repeat: {self.how_to_repeat}"


def difference_between(program: AsyncProgram, searches: Sequence[Search], rules: RunRules) -> Failure | None:
    """The first outcome that one backend has and another can't be brought to; None if there is none."""
    for search in searches:
        for other in searches:
            for missing in sorted(search.found.keys() - other.found.keys()):
                _try_on(other, program, search, missing, rules)
    for search in searches:
        for other in searches:
            for missing in sorted(search.found.keys() - other.found.keys()):
                return _failure(searches, search, other, missing)
    return None


def _try_on(other: Search, program: AsyncProgram, search: Search, missing: str, rules: RunRules) -> None:
    with runner_of(program, other.runner.backend, rules) as runner:
        outcome = runner.replay(search.found[missing])
    other.found.setdefault(outcome.summary, outcome.schedule)


def _failure(searches: Sequence[Search], search: Search, other: Search, missing: str) -> Failure:
    schedule = search.found[missing]
    return Failure(
        backend=search.runner.backend,
        kind="outcomes-differ",
        error=None,
        token=schedule.token,
        deviations=len(schedule.deviations),
        is_reproducible=True,
        details=_details(searches, search, other, missing),
    )


def _details(searches: Sequence[Search], search: Search, other: Search, missing: str) -> OutcomesDiffer:
    backend = search.runner.backend
    return OutcomesDiffer(
        backend=backend,
        other=other.runner.backend,
        outcome=missing,
        outcomes=tuple(
            (one.runner.backend, summary, schedule.token)
            for one in searches
            for summary, schedule in sorted(one.found.items(), key=_by_summary)
        ),
        how_to_repeat=search.runner.repetition(search.found[missing].token, backend),
    )


def _by_summary(item: tuple[str, Schedule]) -> str:
    return item[0]
