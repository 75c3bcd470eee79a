"""The plugin: options, verdicts and reports in a pytest of its own, with and without other plugins."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., str]

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
LOADED = ("-p", "anymutex.pytest_plugin")
PROGRAMS = """
import sqlite3
import anyio, pytest
from anymutex.testing import every_schedule

async def reorder(mended=False):
    done = False
    async def work():
        nonlocal done
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        done = True
    async def check():
        await anyio.lowlevel.checkpoint()
        assert mended or not done, "done too early"
    async with anyio.create_task_group() as group:
        group.start_soon(check)
        group.start_soon(work)
"""
TESTS = f"""{PROGRAMS}
@pytest.fixture
async def client():
    yield 1

@pytest.fixture
def database():
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()

@every_schedule
async def test_good(): await reorder(mended=True)

@every_schedule
async def test_bad(): await reorder()

@every_schedule
async def test_async_fixture(client): pass

@every_schedule
async def test_thread(database): database.execute("select 1")
"""
ONE_TEST = PROGRAMS + "@every_schedule\nasync def test_one(): await reorder(mended={mended})\n"


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pytest load only what it is told to load."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run pytest on a file, with our plugin and those that are named, and give what it tells."""

    def run(source: str, *options: str) -> str:
        pytester.makepyfile(test_shop=source)
        result = pytester.runpytest_inprocess(*LOADED, *options)
        return "\n".join([*result.outlines, *result.errlines])

    return run


def outcomes(told: str) -> set[str]:
    """Give how each test ended."""
    return set(re.findall(r"^((?:PASSED|FAILED|ERROR) test_shop\.py::\S+)", told, re.MULTILINE))


def test_a_test_for_each_backend(run: Run) -> None:
    """What failed is told without our lines, ends with what to type, and has a verdict."""
    told = run(TESTS, "-v", "-rA")

    for backend in ("asyncio", "trio"):
        assert re.search(rf"test_good\[{backend}\] proved: no schedule fails", told)
        assert re.search(
            rf"test_bad\[{backend}\] failed: exception under v1,\S+; schedules run: \d+ on {backend}", told
        )
        assert re.search(
            rf"^to repeat: pytest 'test_shop.py::test_bad\[{backend}\]' --replay v1,\S+$", told, re.MULTILINE
        )
    assert told.count("AssertionError: done too early\n\n") == 2
    assert "every_schedule can't use the async fixture 'client', which belongs to another event loop" in told
    assert "make what is bound to its thread in the test itself" in told
    assert "everyschedule.py" not in told
    assert "2 passed" in told


@pytest.mark.parametrize(
    "options",
    [
        ("-p", "asyncio", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
        ("-p", "anyio", "-o", "anyio_mode=auto"),
    ],
    ids=["asyncio", "anyio"],
)
def test_beside_other_plugins(options: tuple[str, ...], run: Run) -> None:
    """None of them takes the tests for its own."""
    told = run(
        TESTS.replace("async def test_async_fixture(client)", "async def test_nothing()"), "-rA", *options
    )

    assert {
        f"{'FAILED' if name in ('bad', 'thread') else 'PASSED'} test_shop.py::test_{name}[{backend}]"
        for name in ("good", "bad", "nothing", "thread")
        for backend in ("asyncio", "trio")
    } == outcomes(told)


def test_a_failing_schedule_is_tried_first_the_next_time(run: Run) -> None:
    """In a worker too; it is forgotten when the test passes, and nothing is kept without a cache."""
    first = run(ONE_TEST.format(mended=False))
    second = run(ONE_TEST.format(mended=False), "-v", "-p", "xdist", "-n", "1")
    uncached = run(ONE_TEST.format(mended=False), "-p", "no:cacheprovider")
    mended = run(ONE_TEST.format(mended=True))
    broken_again = run(ONE_TEST.format(mended=False))
    word = "this schedule was kept from the last run, and tried first"

    assert [told.count(word) for told in (first, second, uncached, mended, broken_again)] == [0, 2, 0, 0, 0]
    assert second.count("kept from the last run\n") == 2
    assert "2 passed" in mended


def test_skipping_goes_through(run: Run) -> None:
    """What a test says to pytest from inside is no failing schedule, and is not kept as one."""
    source = PROGRAMS + textwrap.dedent("""
        @every_schedule
        async def test_skip(): pytest.skip("not here")

        @every_schedule
        async def test_expected():
            await anyio.lowlevel.checkpoint()
            pytest.xfail("known")

        @every_schedule
        async def test_in_a_task():
            async with anyio.create_task_group() as group:
                group.start_soon(later)

        async def later(): pytest.skip("nor here")
    """)
    for _ in range(2):
        assert "4 skipped, 2 xfailed in" in run(source)


def test_the_options_beat_the_decorator(run: Run) -> None:
    """A number of schedules, a cancel at each await, or one schedule alone."""
    uncached = ("-p", "no:cacheprovider")
    source = ONE_TEST.format(mended=True)
    few = run(source, "-v", "--schedules", "2", "--schedule-seconds", "9", *uncached)
    cancelled = run(source, "-v", "--cancellation", *uncached)
    replayed = run(ONE_TEST.format(mended=False), "--replay", "v1,1=0.1,2=0.1", "-k", "trio", *uncached)
    harmless = run(ONE_TEST.format(mended=False), "--replay", "v1", "-rP", *uncached)

    assert few.count("schedules run: 2 on") == few.count("stopped by max_schedules=2") == 2
    assert "no single cancel of a task in the default order makes it fail" in cancelled
    assert "test_one[trio] replayed v1,1=0.1,2=0.1 on trio: AssertionError: done too early" in replayed
    assert "2 passed" in harmless
    assert harmless.count("no failure") == 4  # after the steps, and in the verdict


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--schedules", "0"), "argument --schedules: '0' is no whole number above 0"),
        (("--schedule-seconds", "x"), "argument --schedule-seconds: 'x' is no number of seconds above 0"),
        (("--replay", "x"), "--replay: not a token of this version: 'x' does not begin with 'v1'"),
    ],
)
def test_a_bad_option_is_one_line(options: tuple[str, ...], text: str, run: Run) -> None:
    """Told by pytest, or by the test."""
    told = run(ONE_TEST.format(mended=True), *options)

    assert text in told
    assert "Traceback" not in told


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    """On the line of the test, which is left as it was."""
    (tmp_path / "test_shop.py").write_text(ONE_TEST.format(mended=True), encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", *LOADED, "--color=no"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        told = read_all(ours)

    assert process.returncode == 0
    assert "\x1b7\x1b[Kasyncio: " in told
    assert told.count("\x1b7\x1b[K\x1b8") == 2  # cleared, for each backend


def read_all(terminal: int) -> str:
    """Give what was written until the other side was closed, which Linux tells as an error."""
    told = b""
    try:
        while chunk := os.read(terminal, 65536):
            told += chunk
    except OSError:
        pass
    os.close(terminal)
    return told.decode()


def test_the_plugin_is_an_entry_point() -> None:
    """pytest finds it where the package is installed; loading it loads nothing that drives."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [module] = project["entry-points"]["pytest11"].values()
    code = (
        f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('anymutex.testing')))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert output.stdout.strip() == ""
