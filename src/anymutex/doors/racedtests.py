"""`pytest --race`: a test fails during which an await race was witnessed, whatever else came of it.

Rule 1. What lies beneath pytest's rootdir is instrumented: the packages of the project, in `src` or not, the
        tests, the conftests. So is a package of the project that was installed elsewhere, as tox does it.
Rule 2. A race belongs to the phase of a test, setup, call or teardown, in which it was witnessed, also if
        another test has witnessed the same: each of them fails, alone as in company. A test that was
        expected to fail, or skipped itself, fails too.
Rule 3. Races travel as data in the test's report, so that they get through from a worker of pytest-xdist.
        Whoever shows the reports folds them, counts them and writes the log.
Rule 4. What was not watched is told: a run without a race must not be one that saw nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest
from _pytest._code.code import ExceptionRepr

from anymutex.doors import racing
from anymutex.doors.problems import write_json, write_text
from anymutex.doors.suspectlist import write_suspects
from anymutex.doors.testloader import TestFinder
from anymutex.errors import UsageError
from anymutex.watch import instrument, modulehooks
from anymutex.watch.race import RaceWatch
from anymutex.watch.suppressions import Suppressions, patterns_in
from anymutex.watch.suspect import folded, suspect_from
from anymutex.watch.suspecting import SuspectWatch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from anymutex.watch.racereport import AwaitRace

    Report: TypeAlias = pytest.TestReport | pytest.CollectReport

WORKER_OUTPUT = "anymutex"


def watch_tests(config: pytest.Config, include: list[str], log: str | None, suspects: str | None) -> None:
    """Instrument what will be imported from now on, and fail the tests that race.

    Raises:
        pytest.UsageError: What was asked for can't be done.
    """
    try:
        asked = argparse.Namespace(
            include=include, log=log, suspects=suspects, json=None, halt_on_error=False, exitcode=None
        )
        how = racing.options_of(asked, os.environ)
        suppressions = Suppressions(patterns_in(config.rootpath / "pyproject.toml"))
        folders = [*_own_folders(config.rootpath), *racing.folders_of(how.include)]
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    roots = instrument.Roots(folders)
    early = sorted(roots.already_imported())
    finder: Any = TestFinder(roots)
    sys.meta_path.insert(0, finder)
    config.add_cleanup(lambda: sys.meta_path.remove(finder) if finder in sys.meta_path else None)
    suspecting = None
    if how.suspects:
        suspecting = SuspectWatch(suppressions)
        suspecting.__enter__()
        config.add_cleanup(lambda: suspecting.__exit__())
    config.pluginmanager.register(RacedTests(config, how, suppressions, early, suspecting))


def _own_folders(root: Path) -> Iterator[Path]:
    """The rootdir, and those of its packages that Python would import from elsewhere."""
    yield root
    for own in [*root.glob("*/__init__.py"), *root.glob("src/*/__init__.py")]:
        installed = instrument.folder_of(own.parent.name)
        if installed is not None and root not in installed.parents and _is_same(own, installed / own.name):
            yield installed


def _is_same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


class Notes(NamedTuple):
    """What one process knows at its end about what it has watched."""

    files: int
    unused: list[str]
    suspects: list[dict[str, object]]
    """As they stand in a file of suspects."""


class RacedTests:
    """The plugin of a run with `--race`."""

    def __init__(
        self,
        config: pytest.Config,
        how: racing.RaceOptions,
        suppressions: Suppressions,
        early: list[str],
        suspecting: SuspectWatch | None,
    ) -> None:
        self._config = config
        self._how = how
        self._suppressions = suppressions
        self._early = early
        self._suspecting = suspecting
        self._earlier = len(modulehooks.files)  # a pytest may run within another one
        self._witnessed: list[AwaitRace] = []
        self._told: dict[str, dict[str, Any]] = {}
        self._notes: list[Notes] = []
        self._log: IO[str] | None = None
        self._wrote = ""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Open the log; not in a worker of pytest-xdist, which by now knows that it is one."""
        if not hasattr(config, "workerinput"):
            self._log = _opened(self._how.log, config)
            if self._how.suspects:
                _emptied(self._how.suspects, config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def _watched(self) -> Generator[None, object, object]:
        with RaceWatch(suppressions=self._suppressions) as watch:
            self._witnessed = watch.races
            return (yield)

    pytest_runtest_setup = pytest_runtest_call = pytest_runtest_teardown = _watched

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Report, Report]:
        """Fail the phase in which a race was witnessed."""
        report = yield
        races, self._witnessed = self._witnessed, []
        if races:
            _fail(report, races)
            if self._how.halts:
                item.session.shouldfail = "an await race was found, and halt_on_error is set"
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Report, Report]:
        """The same for a file that runs something while it is imported."""
        with RaceWatch(suppressions=self._suppressions) as watch:
            report = yield
        if watch.races:
            _fail(report, watch.races)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the races of a test, and write those that are new to the log."""
        self._take(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The same of a file."""
        self._take(report)

    def _take(self, report: Report) -> None:
        for race in getattr(report, "await_races", ()):
            if race["key"] not in self._told:
                self._told[race["key"]] = race
                if self._log is not None:
                    print(race["text"], file=self._log, flush=True)

    @pytest.hookimpl(tryfirst=True)  # the summary is written by a hook of the same name
    def pytest_sessionfinish(self) -> None:
        """Hand over what a worker knows, or write what is left to write."""
        files = dict.fromkeys(modulehooks.files[self._earlier :])
        suspects = [one.to_json() for one in self._suspecting.suspects] if self._suspecting else []
        notes = Notes(len(files), list(self._suppressions.unused(files)), suspects)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[WORKER_OUTPUT] = list(notes)
            return
        if not self._notes:  # else the workers did it all
            self._notes.append(notes)
        if self._how.json:
            write_json(self._how.json, [_as_command_writes_it(race) for race in self._told.values()])
        if self._how.suspects:
            every = (suspect_from(told) for notes in self._notes for told in notes.suspects)
            path = str(self._config.invocation_params.dir / self._how.suspects)
            self._wrote = write_suspects(path, folded(every), told_path=self._how.suspects)
        if self._log is not None:
            self._log.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist has ended."""
        notes = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)  # nothing, if it crashed
        if notes is not None:
            self._notes.append(Notes(*notes))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell how many races there were, and what was not watched."""
        lines = list(self._summary())
        if lines:
            terminalreporter.section("await races", "=")
            terminalreporter.write("\n".join([*lines, ""]))

    def _summary(self) -> Iterator[str]:
        if not any(notes.files for notes in self._notes):
            yield f"nothing was instrumented: no source file beneath {self._config.rootpath} was imported"
        if self._early:
            yield f"imported too early to be watched: {', '.join(self._early[:8])}"
        for unused in self._notes[0].unused if self._notes else ():
            if all(unused in notes.unused for notes in self._notes):
                yield f"keeps no race quiet: {unused}"
        for race in self._told.values():
            yield race["headline"]
        if self._wrote:
            yield self._wrote
        if self._told:
            yield f"Found {len(self._told)} await race(s)"


def _fail(report: Report, races: list[AwaitRace]) -> None:
    """Turn a report into that of a failure by `races`; what it says already stays."""
    text = "\n".join([_headline(races[0]), *map(str, races)])  # its first line is what the summary shows
    if not report.failed:
        report.longrepr = text
    elif isinstance(report.longrepr, ExceptionRepr):
        report.longrepr.addsection("await races", text)
    else:
        report.longrepr = f"{report.longrepr}\n{text}"
    report.outcome = "failed"
    vars(report).pop("wasxfail", None)
    vars(report)["await_races"] = [
        {"key": repr(race.key), "headline": _headline(race), **race.to_json()} for race in races
    ]


def _headline(race: AwaitRace) -> str:
    return f"{race.kind} of {race.location} at {race.place}"


def _as_command_writes_it(race: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in race.items() if name not in {"key", "headline"}}


def _emptied(path: str, config: pytest.Config) -> None:
    """Make sure that the file can be written, before a long run."""
    try:
        write_text(str(config.invocation_params.dir / path), "")
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None


def _opened(path: str | None, config: pytest.Config) -> IO[str] | None:
    if path is None:
        return None
    try:
        return open(config.invocation_params.dir / path, "w", encoding="utf-8")
    except OSError as error:
        raise pytest.UsageError(f"can't write {path}: {error.strerror}") from error
