"""ExploredTest: one call of a test of `every_schedule`.

Rule 1. The command line beats what the test asked for.
Rule 2. A schedule that failed in the last run is tried first: who mends a bug learns in one run whether it
        is gone.
Rule 3. What skips a test, or tells pytest that it is expected to fail, goes through to the one who ran it.
"""

from __future__ import annotations

import os.path
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from anymutex.errors import UsageError
from anymutex.runningtest import running_test
from anymutex.testing.choices import TokenError
from anymutex.testing.explorer import explore, replay
from anymutex.testing.keptfailure import KeptFailure
from anymutex.testing.outcome import leaves_of, text_of
from anymutex.testing.progressline import shown_by_pytest
from anymutex.testing.repetition import by_pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from anymutex.runningtest import RunningTest
    from anymutex.testing.exploration import Exploration
    from anymutex.testing.failure import Failure
    from anymutex.testing.repetition import Repeatable
    from anymutex.testing.replayed import Replayed

KEPT = "this schedule was kept from the last run, and tried first"
OTHER_THREAD = (
    "the test runs in a thread of its own: make what is bound to its thread in the test itself, not in a "
    "fixture (or sqlite3.connect with check_same_thread=False)"
)


class ExploredTest:
    """Explores a program as its test and the command line ask for, and raises what it finds."""

    def __init__(self, program: Repeatable, backends: tuple[str, ...], options: dict[str, Any]) -> None:
        self._program = program
        self._options: dict[str, Any] = options | {"backends": backends}

    def run(self) -> None:
        """Do it.

        Raises:
            ScheduleError: Some schedule fails.
            UsageError: It can't be explored, and why.
        """
        __tracebackhide__ = True
        running = running_test.get()
        if running is None:
            _raise(explore(self._program, **self._options).failure)
        else:
            _raise(*self._run_under_pytest(running))

    def _run_under_pytest(self, running: RunningTest) -> tuple[Failure | None, str | None]:
        """What failed, and a word about it."""
        config, kept = running.item.config, KeptFailure(running.item)
        program = replace(self._program, repetition=by_pytest(_name_to_type(running.item)))
        if token := config.getoption("anymutex_replay"):
            return self._replayed(program, token, running.verdicts), None
        if failure := self._failed_again(program, kept):
            running.verdicts.append(f"failed: {failure.kind} under {failure.token}, kept from the last run")
            return failure, KEPT
        result = self._explored(program, running.item)
        _let_through(result.failure)
        kept.keep(result.failure)
        running.verdicts.append(_verdict(result))
        return result.failure, None

    def _explored(self, program: Repeatable, item: pytest.Item) -> Exploration:
        with shown_by_pytest(item.config) as progress:
            options = {"progress": progress, **self._options, **_asked_of(item.config)}
            return explore(program, **options)

    def _replayed(self, program: Repeatable, token: str, verdicts: list[str]) -> Failure | None:
        for backend in self._options["backends"]:
            try:
                result = self._replay(program, token, backend)
            except TokenError as error:
                raise UsageError(f"--replay: {error}") from None
            how = f", but not to its end: {result.divergence}" if result.divergence else ""
            verdicts.append(f"replayed {result.token} on {backend}{how}: {result.ending}")
            if result.failure is not None:
                return result.failure
            print(result)
        return None

    def _replay(self, program: Repeatable, token: str, backend: str) -> Replayed:
        rules = {name: self._options[name] for name in ("invariant", "races") if name in self._options}
        return replay(program, token, backend=backend, **rules)

    def _failed_again(self, program: Repeatable, kept: KeptFailure) -> Failure | None:
        if kept.token is None or kept.backend not in self._options["backends"]:
            return None
        try:
            return self._replay(program, kept.token, kept.backend).failure
        except TokenError:  # of another version of ours
            return None


def _name_to_type(item: pytest.Item) -> str:
    """What names the test where pytest was called, which may be another directory than its root."""
    path = os.path.relpath(item.path, item.config.invocation_params.dir)
    return f"{path}::{item.nodeid.partition('::')[2]}"


def _asked_of(config: pytest.Config) -> dict[str, Any]:
    asked = {
        "max_schedules": config.getoption("anymutex_schedules"),
        "max_seconds": config.getoption("anymutex_schedule_seconds"),
        "cancellation": config.getoption("anymutex_cancellation") or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _verdict(result: Exploration) -> str:
    if result.failure is None:
        return str(result)
    counts = ", ".join(f"{count:,} on {backend}" for backend, count in result.schedules.items())
    return f"failed: {result.failure.kind} under {result.failure.token}; schedules run: {counts}"


def _raise(failure: Failure | None, word: str | None = None) -> None:
    __tracebackhide__ = True
    if failure is None:
        return
    _let_through(failure)
    try:
        failure.raise_it()
    except AssertionError as error:
        for note in _notes(failure, word):
            error.add_note(note)
        raise


def _let_through(failure: Failure | None) -> None:
    __tracebackhide__ = True
    pytest = sys.modules.get("pytest")
    kinds = (SkipTest, pytest.skip.Exception, pytest.xfail.Exception) if pytest else (SkipTest,)
    for leaf in leaves_of(failure.error) if failure else ():
        if isinstance(leaf, kinds):
            raise leaf


def _notes(failure: Failure, word: str | None) -> Iterator[str]:
    if word is not None:
        yield word
    leaves = [leaf for leaf in leaves_of(failure.error) if not isinstance(leaf, AssertionError)]
    if any("thread" in text_of(leaf) for leaf in leaves):
        yield OTHER_THREAD
