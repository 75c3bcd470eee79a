"""`pytest --race` in a pytest of its own: which tests fail, and what is told of them."""

from __future__ import annotations

import json
import linecache
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., str]

pytest_plugins = ["pytester"]

LOADED = ("-p", "anymutex.pytest_plugin", "-p", "anyio", "--race", "-rA", "-p", "no:cacheprovider")
PROJECT = """
[project]
name = "bank"
[tool.pytest.ini_options]
pythonpath = ["src"]
anyio_mode = "auto"
"""
BANK = """
import anyio

class Account:
    def __init__(self):
        self.balance = 100

    async def withdraw(self, amount):
        before = self.balance
        await anyio.lowlevel.checkpoint()
        self.balance = before - amount

async def race():
    account = Account()
    async with anyio.create_task_group() as group:
        group.start_soon(account.withdraw, 1)
        group.start_soon(account.withdraw, 2)
    return account
"""
CONFTEST = """
import anyio, pytest
from bank import race

@pytest.fixture
def racing_setup():
    anyio.run(race)

@pytest.fixture
def racing_teardown():
    yield
    anyio.run(race)

@pytest.fixture(scope="module")
def anyio_backend():
    return "trio"

@pytest.fixture(scope="module")
async def server():
    async with anyio.create_task_group() as group:
        asked, answered = anyio.Event(), anyio.Event()
        async def serve():
            await asked.wait()
            await race()
            answered.set()
        group.start_soon(serve)
        yield asked, answered
        group.cancel_scope.cancel()
"""
TESTS = """
import anyio, pytest
from bank import race

seen = {"count": 0}

async def count():
    before = seen["count"]
    await anyio.lowlevel.checkpoint()
    seen["count"] = before + 1

def test_fine(): assert anyio.run(anyio.sleep, 0) is None
def test_race(): anyio.run(race)
def test_same_race(): anyio.run(race, backend="trio")
async def test_async(): await race()

async def test_own_functions():
    async with anyio.create_task_group() as group:
        group.start_soon(count)
        group.start_soon(count)

def test_fails_too():
    account = anyio.run(race)
    assert account.balance in (0, 97), "money is missing"

@pytest.mark.xfail
def test_expected():
    anyio.run(race)
    assert False

def test_skips():
    anyio.run(race)
    pytest.skip()

def test_setup(racing_setup): pass
def test_teardown(racing_teardown): pass
async def test_server(server):
    asked, answered = server
    asked.set()
    await answered.wait()
async def test_after_it(server): pass
"""
RACING = {"race", "same_race", "async", "own_functions", "fails_too", "expected", "skips"}


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest on a project with a package, and give what it tells."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyprojecttoml(PROJECT)
    package = pytester.mkdir("src") / "bank"
    package.mkdir()
    (package / "__init__.py").write_text(BANK)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_bank=TESTS)

    def run(*options: str) -> str:
        linecache.clearcache()  # another test's project had files of the same relative names
        result = pytester.runpytest_inprocess(*LOADED, *options)
        return "\n".join([f"exit {int(result.ret)}", *result.outlines, *result.errlines])

    return run


def outcomes(told: str) -> set[str]:
    """Give how each test ended."""
    return set(re.findall(r"^((?:PASSED|FAILED|ERROR|SKIPPED|XFAIL) test_bank\.py::\w+)", told, re.MULTILINE))


EXPECTED = {
    *(f"FAILED test_bank.py::test_{name}" for name in RACING),
    *(f"PASSED test_bank.py::test_{name}" for name in ("fine", "teardown", "after_it")),
    *(f"ERROR test_bank.py::test_{name}" for name in ("setup", "teardown")),
    "FAILED test_bank.py::test_server",
}


def test_a_test_fails_in_the_phase_that_raced(run: Run) -> None:
    """Each test that witnessed the race fails, and what else failed in it is told as always."""
    told = run()

    assert told.startswith("exit 1\n")
    assert outcomes(told) == EXPECTED
    assert "Found 2 await race(s)" in told
    assert told.count("was computed from a read of self.balance at:") == 9
    assert "AssertionError: money is missing" in told
    assert re.search(r"where \d+ = <bank\.Account object at 0x\w+>\.balance", told)
    assert re.search(r"FAILED test_bank\.py::test_race - lost-update of self\.balance at ", told)
    assert "nothing was instrumented" not in told


def test_workers_and_import_modes(run: Run, pytester: pytest.Pytester) -> None:
    """Reports get through from a worker of xdist, are folded, and written once to the log."""
    told = run("-p", "xdist", "-n", "2", "--race-log=races.txt", "--import-mode=importlib")
    log = (pytester.path / "races.txt").read_text()

    assert outcomes(told) == EXPECTED
    assert "Found 2 await race(s)" in told
    assert log.count("WARNING: AWAIT RACE") == 2
    assert "nothing was instrumented" not in told


def test_the_environment(run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sets what it sets for the command."""
    monkeypatch.setenv("ANYMUTEX", "json=races.json halt_on_error=1")
    told = run()
    found = json.loads((pytester.path / "races.json").read_text())

    assert [race["kind"] for race in found] == ["lost-update"]
    assert set(found[0]) == {"kind", "location", "backend", "reads", "writes", "remote", "text"}
    assert "halt_on_error is set" in told
    assert "PASSED test_bank.py::test_after_it" not in told


HIDDEN = """
import anyio
from bank import Account

async def later(account):
    for _ in range(5):
        await anyio.lowlevel.checkpoint()
    account.balance += 1

async def hidden():
    account = Account()
    async with anyio.create_task_group() as group:
        group.start_soon(account.withdraw, 1)
        group.start_soon(later, account)

def test_hidden(): anyio.run(hidden)
def test_hidden_too(): anyio.run(hidden, backend="trio")
"""


def test_suspects(run: Run, pytester: pytest.Pytester) -> None:
    """What no test has hit is written, folded, also from the workers of xdist; nothing fails for that."""
    pytester.makepyfile(test_bank=HIDDEN)
    told = {options: run("--race-suspects=s.json", *options) for options in ((), ("-p", "xdist", "-n", "2"))}
    [suspect] = json.loads((pytester.path / "s.json").read_text())["suspects"]

    assert [(suspect["kind"], suspect["location"], suspect["seen"])] == [("lost-update", "self.balance", 2)]
    for text in told.values():
        assert text.startswith("exit 0\n")
        assert "1 suspect(s) in s.json: `anymutex explore --suspects s.json FILE` forces them" in text


def test_suppressions(run: Run, pytester: pytest.Pytester) -> None:
    """By a comment or a pattern; what keeps nothing quiet is told."""
    package = pytester.path / "src" / "bank" / "__init__.py"
    package.write_text(BANK.replace("before - amount", "before - amount  # anymutex: ok known"))
    pytester.makepyprojecttoml(PROJECT + "[tool.anymutex]\nrace-ok = ['* seen*', 'vanished *']\n")
    told = run()

    assert {line for line in outcomes(told) if "PASSED" not in line} <= {
        "FAILED test_bank.py::test_fails_too",
        "SKIPPED test_bank.py::test_skips",
        "XFAIL test_bank.py::test_expected",
    }
    assert "await race(s)" not in told
    assert told.count("keeps no race quiet") == 1
    assert "keeps no race quiet: 'vanished *'" in told


def test_a_run_that_saw_nothing(run: Run, pytester: pytest.Pytester) -> None:
    """It says so."""
    (pytester.path / "conftest.py").unlink()
    (pytester.path / "test_bank.py").unlink()

    assert "nothing was instrumented" in run()


@pytest.mark.parametrize(
    ("options", "setting", "complaint"),
    [
        (("--race-include", "nowhere"), "", "there is no package nowhere"),
        (("--race-log=nowhere/races.txt",), "", "can't write nowhere/races.txt"),
        (("--race-suspects=nowhere/s.json",), "", "nowhere/s.json: No such file or directory"),
        ((), "colour=red", "'colour=red' is no setting"),
    ],
)
def test_bad_input(
    options: tuple[str, ...], setting: str, complaint: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line, and no test runs."""
    monkeypatch.setenv("ANYMUTEX", setting)
    told = run(*options)

    assert told.startswith("exit 4\n")
    assert complaint in told
    assert "Traceback" not in told
