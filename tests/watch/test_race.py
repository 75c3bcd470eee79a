"""Races that must be told, by their rule, and look-alikes that must not; what keeps a race quiet."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from race_programs import ACCOUNT, CALLBACKS, CLEAN, PROLOGUE, RACES
from race_twins import TWINS
from turns import BACKENDS, run_on

from anymutex.watch.instrument import code_of
from anymutex.watch.names import names_in
from anymutex.watch.race import RaceWatch
from anymutex.watch.suppressions import Suppressions

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from anymutex.watch.racereport import AwaitRace

RACY = RACES | {name: (twins.rule, twins.race) for name, twins in TWINS.items()}
ALIKE = CLEAN | {
    f"{name}, {difference}": program
    for name, twins in TWINS.items()
    for difference, program in twins.look_alikes().items()
}
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give where the programs of the tables are, whatever backend they run on."""
    return tmp_path_factory.mktemp("programs")


@cache
def hooked(program: str, file: Path) -> CodeType:
    """Write a program down and put hooks in it, which takes longer than a run."""
    source = PROLOGUE + ACCOUNT + program
    file.write_text(source, encoding="utf-8")
    return code_of(source, str(file), names_in([source]))


def races_of(
    program: str, backend: str, folder: Path, suppressions: Suppressions | None = None
) -> list[AwaitRace]:
    """Run a program with hooks in it and give what was told."""
    module = ModuleType("program")
    sys.modules["program"] = module
    try:
        exec(hooked(program, folder / "program.py"), module.__dict__)
        with RaceWatch(suppressions=suppressions) as watch:
            run_on(BACKENDS[backend], module.main)
    finally:
        del sys.modules["program"]
    return watch.races


@each_backend
def test_each_race_is_told(backend: str, folder: Path) -> None:
    """By the rule that it breaks, and by no other."""
    told = {
        name: {race.kind for race in races_of(program, backend, folder / _folder(folder, name))}
        for name, (_, program) in RACY.items()
    }

    assert {name: {kind} for name, (kind, _) in RACY.items()} == told


@each_backend
def test_a_look_alike_is_not(backend: str, folder: Path) -> None:
    """Nothing is told of a program in which the bad order does no harm, or can't happen."""
    told = {
        name: [str(race) for race in races_of(program, backend, folder / _folder(folder, name))]
        for name, program in ALIKE.items()
    }

    assert {name: [] for name in ALIKE} == told


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name in {"asyncio", "uvloop"}])
def test_callbacks_of_the_loop_are_tasks_of_a_kind(
    backend: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They miss what a task removed, and they write what a task has read; what they raise is told as ever."""

    def told_of(name: str, program: str) -> set[str]:
        program = f"import asyncio\n{program}"
        return {race.kind for race in races_of(program, backend, folder / _folder(folder, name))}

    told = {name: told_of(name, program) for name, (_, program) in CALLBACKS.items()}

    assert {name: kinds for name, (kinds, _) in CALLBACKS.items()} == told
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError] * 4


def _folder(parent: Path, name: str) -> str:
    """Lines are cached by file name, so each program has its own."""
    folder = name.replace(" ", "_")
    (parent / folder).mkdir(exist_ok=True)  # it may have run on another backend
    return folder


def test_it_is_told_once_and_counted(tmp_path: Path) -> None:
    """The same two lines are one report, however often they meet."""
    program = RACES["in one function"][1].replace("both(pay, pay)", "both(pay, pay, pay, pay)")
    [race] = races_of(program, "asyncio", tmp_path)

    assert race.seen == 3
    assert "Seen 3 times." in str(race)


TEXTS = {
    "a key that another task removed": "Failed: del users['u'] by task \"use\": KeyError",
    "a dict while it is gone through": "rests on a read of rooms at: at element 1",
    "a cache": "rests on a read of cache['k'] at: value absent",
    "in one function": "was computed from a read of account.balance at: value 100",
}


def test_a_report_says_what_failed_and_what_was_read(tmp_path: Path) -> None:
    """With the value, or that there was none."""
    texts = {
        name: str(races_of(RACES[name][1], "trio", tmp_path / _folder(tmp_path, name))[0]) for name in TEXTS
    }
    lines = {name: [" ".join(line.split()) for line in text.splitlines()] for name, text in texts.items()}

    assert {name: [line] for name, line in TEXTS.items()} == {
        name: [line for line in lines[name] if line == TEXTS[name]] for name in TEXTS
    }


def test_a_report_says_what_both_sides_held(tmp_path: Path) -> None:
    """Two locks for one thing are a common mistake."""
    program = """
from anymutex import Mutex


async def pay(lock):
    async with lock:
        balance = account.balance
        await window()
        account.balance = balance - 10


async def refund(lock):
    async with lock:
        account.balance += 10


async def main():
    await meanwhile(lambda: pay(Mutex("paying")), lambda: refund(Mutex("refunding")))
"""
    [race] = races_of(program, "asyncio", tmp_path)

    assert race.locks.startswith("anymutex locks held: task ")
    assert race.locks.count('" ') == 2
    assert [part.split()[-1] for part in race.locks.split(", ")] == ["paying", "refunding"]


def test_json_has_the_fixed_form(tmp_path: Path) -> None:
    """As DESIGN has it: people's scripts read it."""
    [race] = races_of(RACES["in one function"][1], "trio", tmp_path)
    told = race.to_json()

    assert list(told) == ["kind", "location", "backend", "reads", "writes", "remote", "text"]
    assert (told["kind"], told["location"], told["backend"]) == ("lost-update", "account.balance", "trio")
    assert {"file", "line", "task"} == set(told["remote"])  # type: ignore[call-overload]  # it is a dict


def test_a_comment_keeps_it_quiet(tmp_path: Path) -> None:
    """On any of its lines; and it is told if the comment was not needed."""
    program = RACES["in one function"][1].replace("- 10", "- 10  # anymutex: ok it is a demo")
    needed, not_needed = Suppressions(), Suppressions()

    assert races_of(program, "asyncio", tmp_path, needed) == []
    assert list(needed.unused([str(tmp_path / "program.py")])) == []
    assert len(list(not_needed.unused([str(tmp_path / "program.py")]))) == 1


def test_a_pattern_keeps_it_quiet(tmp_path: Path) -> None:
    """By kind and location, or by file; the others are told at the end."""
    suppressions = Suppressions(["lost-update account.*", "*/other.py:*"])

    assert races_of(RACES["in one function"][1], "asyncio", tmp_path, suppressions) == []
    assert list(suppressions.unused([])) == ["'*/other.py:*'"]
