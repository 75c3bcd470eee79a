"""Windows that were open and not hit: which are suspects, and what is told of them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from suspect_programs import CLEAN, HIDDEN, PROLOGUE
from turns import BACKENDS, run_on

from anymutex.watch.hooks import Hooks
from anymutex.watch.instrument import code_of
from anymutex.watch.names import names_in
from anymutex.watch.race import RaceWatch
from anymutex.watch.suppressions import Suppressions
from anymutex.watch.suspecting import SuspectWatch

if TYPE_CHECKING:
    from pathlib import Path

    from anymutex.watch.suspect import Suspect

each_backend = pytest.mark.parametrize("backend", BACKENDS)


def suspects_of(
    program: str, backend: str, folder: Path, suppressions: Suppressions | None = None
) -> list[Suspect]:
    """Run a program with hooks that look for windows; no race happens in it."""
    source = PROLOGUE + program
    file = folder / "program.py"
    file.write_text(source, encoding="utf-8")
    module = ModuleType("program")
    sys.modules["program"] = module
    try:
        with SuspectWatch(suppressions) as suspecting, RaceWatch() as watch:
            exec(code_of(source, str(file), names_in([source])), module.__dict__)
            run_on(BACKENDS[backend], module.main)
    finally:
        del sys.modules["program"]

    assert watch.races == []
    return suspecting.suspects


@each_backend
def test_what_the_default_order_hides(backend: str, tmp_path: Path) -> None:
    """No race is told of it, and one suspect is."""
    told = {
        name: [(one.kind, one.location) for one in suspects_of(program, backend, _folder(tmp_path, name))]
        for name, (_, program) in HIDDEN.items()
    }

    assert {name: [suspect] for name, (suspect, _) in HIDDEN.items()} == told


@each_backend
def test_what_is_in_order(backend: str, tmp_path: Path) -> None:
    """Nothing is told of it."""
    told = {
        name: [str(one) for one in suspects_of(program, backend, _folder(tmp_path, name))]
        for name, program in CLEAN.items()
    }

    assert {name: [] for name in CLEAN} == told


def _folder(parent: Path, name: str) -> Path:
    """Lines are cached by file name, so each program has its own."""
    folder = parent / name.replace(" ", "_")
    folder.mkdir()
    return folder


def test_a_suspect_names_its_places(tmp_path: Path) -> None:
    """Read, wait, write, and where the other one writes; each pair of lines once."""
    program = HIDDEN["two of a kind"][1].replace(
        "(account.pay,", "(account.pay, account.refund, account.pay,"
    )
    [suspect] = suspects_of(program, "trio", tmp_path)
    places = (suspect.read, *suspect.awaits, suspect.write, *suspect.others)

    assert [place.text for place in places] == [
        "left = self.get()",
        "await checkpoint()",
        "self.balance = left - 10",
        "self.balance += 10",
        "self.balance = left - 10",
    ]
    assert (suspect.owner, suspect.seen) == ("Account", 3)


def test_a_comment_keeps_it_quiet(tmp_path: Path) -> None:
    """On any of its lines, as for a race."""
    program = HIDDEN["a test, and a dict"][1].replace("object()", "object()  # anymutex: ok it is a cache")

    assert suspects_of(program, "asyncio", tmp_path, Suppressions()) == []


def test_a_window_that_was_hit_is_none(tmp_path: Path) -> None:
    """It is told as a race, or was found to do no harm."""
    program = """
async def main():
    account = Account()

    async def pay():
        if account.balance > 0:
            await checkpoint()
            account.balance -= 1

    async with anyio.create_task_group() as group:
        group.start_soon(pay)
        group.start_soon(pay)
    await one_by_one(pay, pay)
"""

    assert suspects_of(program, "asyncio", tmp_path) == []


def test_nothing_is_kept(tmp_path: Path) -> None:
    """Objects of a class go when the program drops them; dicts are let go when others come."""
    program = """
from weakref import ref

class Bag(dict):
    pass

gone = []

async def main():
    for _ in range(200):
        account, plain = Account(), {}
        plain["bag"] = account.bag = Bag()
        gone.append((ref(account), ref(account.bag)))
"""
    source = PROLOGUE + program
    module = ModuleType("program")
    with SuspectWatch():
        exec(code_of(source, str(tmp_path / "kept.py"), names_in([source])), module.__dict__)
        run_on(BACKENDS["asyncio"], module.main)
        alive = [sum(one() is not None for one in kind) for kind in zip(*module.gone, strict=True)]

        assert alive[0] == 0
        assert alive[1] <= 64


def test_other_runs_have_other_hooks() -> None:
    """Modules that are instrumented when nobody looks for suspects get those that don't look."""
    with SuspectWatch(), SuspectWatch():
        looking = Hooks({}, (), "x.py")
    plain = Hooks({}, (), "x.py")

    assert type(plain) is Hooks
    assert type(looking) is not Hooks
