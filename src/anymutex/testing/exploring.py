"""Exploring: one search after the other, a backend each, and what they come to together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from anymutex.testing.exploration import Exploration, verdict_of
from anymutex.testing.injectingplan import InjectingPlan
from anymutex.testing.otherloop import WrongBackendError
from anymutex.testing.outcomesets import difference_between
from anymutex.testing.ownthread import OwnThread
from anymutex.testing.progress import Reporter
from anymutex.testing.runner import runner_of
from anymutex.testing.search import Limits, Search
from anymutex.testing.strategy import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.failure import Failure
    from anymutex.testing.question import Question


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an exploration.

    Attributes:
        exploration: What is known so far.
    """

    def __init__(self, exploration: Exploration) -> None:
        super().__init__(str(exploration))
        self.exploration = exploration


class Exploring:
    """Explores one program, once."""

    def __init__(self, program: AsyncProgram, asked: Question) -> None:
        self._program = program
        self._asked = asked
        self._searches: list[Search] = []
        self._difference: Failure | None = None
        self._left_out: dict[str, str] = {}

    def result(self) -> Exploration:
        """Do it, in a thread of its own.

        Raises:
            Interrupted: Ctrl-C.
        """
        try:
            OwnThread(self._work).result()
        except KeyboardInterrupt:
            raise Interrupted(self._summed_up("Ctrl-C")) from None
        return self._summed_up()

    def _work(self, broken_off: Callable[[], bool]) -> None:
        seconds = self._asked.max_seconds
        whole = Limits(self._asked.max_schedules, time.monotonic() + seconds, f"max_seconds={seconds:g}")
        for index, backend in enumerate(self._asked.backends):
            limits = whole.share_for(len(self._asked.backends) - index)
            try:
                failure = self._search(backend, limits, broken_off).failure
            except WrongBackendError as wrong:
                self._leave_out(wrong)
                continue
            if failure or broken_off():
                return
        if not self._asked.bounds.kinds and all(search.covered == ALL for search in self._searches):
            self._difference = difference_between(self._program, self._searches, self._asked.rules)

    def _search(self, backend: str, limits: Limits, broken_off: Callable[[], bool]) -> Search:
        with runner_of(self._program, backend, self._asked.rules) as runner:
            reporter = Reporter(self._asked.progress)
            search = Search(runner, self._asked.new_strategy(), limits, broken_off, reporter)
            self._searches.append(search)
            search.go()
        return search

    def _leave_out(self, wrong: WrongBackendError) -> None:
        """Go on without a backend, unless none would be left."""
        self._searches.pop()
        self._left_out[wrong.backend] = wrong.reason
        if len(self._left_out) == len(self._asked.backends):
            raise wrong

    def _summed_up(self, stopped_by: str | None = None) -> Exploration:
        searches = list(self._searches)
        failure = next((search.failure for search in searches if search.failure), self._difference)
        covered = min((search.covered for search in searches), default=-1)
        stopped_by = stopped_by or next((search.stopped_by for search in searches if search.stopped_by), None)
        return Exploration(
            verdict="failed" if failure else verdict_of(covered, stopped_by),
            failure=failure,
            schedules={search.runner.backend: search.schedules for search in searches},
            outcomes={search.runner.backend: set(search.found) for search in searches},
            covered=covered,
            stopped_by=stopped_by,
            bounds=self._asked.bounds,
            has_peer=any(search.has_peer for search in searches),
            has_swept=all(_has_swept(search) for search in searches),
            left_out=self._left_out,
        )


def _has_swept(search: Search) -> bool:
    return isinstance(search.strategy, InjectingPlan) and search.strategy.has_swept
