"""What a program can come to on one backend and not on the other.

Rule 1. Asked only where every schedule was run on both, and none failed.
Rule 2. Each outcome that only one of them has seen is tried on the other by its own schedule: the two may
        take another number of steps for the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.testing.failure import Failure
from anymutex.testing.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.runrules import RunRules
    from anymutex.testing.search import Search


def difference_between(program: AsyncProgram, searches: Sequence[Search], rules: RunRules) -> Failure | None:
    """The first outcome that one backend has and another can't be brought to; None if there is none."""
    for search in searches:
        for other in searches:
            for missing in search.found.keys() - other.found.keys():
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
        report="\n".join(_report(searches, search, other, missing)),
    )


def _report(searches: Sequence[Search], search: Search, other: Search, missing: str) -> Iterator[str]:
    backend = search.runner.backend
    yield f"outcomes differ: {backend} can end with {missing}, {other.runner.backend} can't"
    yield ""
    yield "every schedule was run on each; their outcomes, with a schedule that leads there:"
    for one in searches:
        for summary, schedule in sorted(one.found.items()):
            yield f"  {one.runner.backend:<8} {summary}  ({schedule.token})"
    yield ""
    yield f"to repeat: {search.runner.repetition(search.found[missing].token, backend)}"
