"""pytest's plugin: the options, what is told at the end, and a failure without our lines.

Rule 1. It costs nothing where nothing is explored: no part of `anymutex.testing` is loaded from here, nor of
        `anymutex.watch` without `--race`.
Rule 2. What is told at the end travels as a property of a test's report, so that it gets through from a
        worker of pytest-xdist, and into the file of `--junit-xml`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from anymutex.doors.options import count, positive
from anymutex.runningtest import EXPLORED, RunningTest, running_test

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PROPERTY = "anymutex"
RACE = "anymutex.doors.racedtests"
"""The plugin behind `--race`."""

OPTIONS: dict[str, dict[str, Any]] = {
    "--schedules": {"type": count, "metavar": "N", "help": "at most N on each backend"},
    "--schedule-seconds": {"type": positive, "metavar": "S", "help": "at most S seconds for each test"},
    "--replay": {"metavar": "TOKEN", "help": "run that one schedule, which a report has named"},
    "--cancellation": {"action": "store_true", "help": "cancel tasks too, at each of their awaits"},
    "--race": {"action": "store_true", "help": "fail each test during which an await race happens"},
    "--race-include": {"action": "append", "metavar": "PACKAGE", "help": "watch this package too"},
    "--race-log": {"metavar": "PATH", "help": "write the reports of races there too"},
    "--race-suspects": {"metavar": "PATH", "help": "write the windows there that nobody hit"},
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; they go before what a test asks for itself."""
    group = parser.getgroup("anymutex", "anymutex: every_schedule, and await races")
    for name, settings in OPTIONS.items():
        group.addoption(name, dest=f"anymutex_{name[2:].replace('-', '_')}", **settings)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Watch for races, if asked to, before the first file of the project is imported."""
    asked = early_config.known_args_namespace
    if asked.anymutex_race:
        early_config.pluginmanager.import_plugin(RACE)
        watch: Any = early_config.pluginmanager.get_plugin(RACE)
        watch.watch_tests(
            early_config, asked.anymutex_race_include, asked.anymutex_race_log, asked.anymutex_race_suspects
        )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse async fixtures before somebody makes them, in a loop in which the test does not run."""
    for name in _async_fixtures(item) if _is_explored(item) else ():
        pytest.fail(
            f"every_schedule can't use the async fixture {name!r}, which belongs to another event loop: "
            "do what it does in the test itself",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Leave a note of which test runs."""
    running = RunningTest(item)
    before = running_test.set(running)
    try:
        return (yield)
    finally:
        running_test.reset(before)
        if running.verdicts:
            item.user_properties.append((PROPERTY, _summed_up(running.verdicts)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show of a failed schedule the report alone: the lines that it came through are all ours."""
    report = yield
    is_ours = call.when == "call" and _is_explored(item) and not item.config.getoption("fulltrace")
    if report.failed and is_ours and call.excinfo is not None:
        error = call.excinfo.value
        report.longrepr = "\n".join([str(error), *getattr(error, "__notes__", [])])
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the verdict on each explored test, if asked to be verbose or to replay."""
    config = terminalreporter.config
    if config.get_verbosity() < 1 and not config.getoption("anymutex_replay"):
        return
    lines = [line for reports in terminalreporter.stats.values() for line in _verdicts(reports)]
    if lines:
        terminalreporter.section("schedules", "-")
        terminalreporter.write("\n".join([*lines, ""]))


def _is_explored(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "obj", None), EXPLORED)


def _async_fixtures(item: pytest.Item) -> Iterator[str]:
    """Read from where anyio's plugin and pytest-asyncio read it; nothing public tells."""
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():  # type: ignore[attr-defined]
        function = inspect.unwrap(definitions[-1].func)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            yield name


def _verdicts(reports: list[object]) -> Iterator[str]:
    for report in reports:
        if isinstance(report, pytest.TestReport) and report.when == "call":
            yield from (
                f"{report.nodeid} {text}" for name, text in report.user_properties if name == PROPERTY
            )


def _summed_up(verdicts: list[str]) -> str:
    return verdicts[0] if len(verdicts) == 1 else f"{len(verdicts)} explorations, the last: {verdicts[-1]}"
