"""Reports: their wording is pinned by golden files, `pytest --update-golden` writes them anew.

Rule 1. `golden/NAME.txt` and `.json` come from the plain data below: what the text makes of what it is told.
Rule 2. `golden/NAME_program.txt` comes from running `golden/NAME_program.py`: what it is told. One file for
        all backends, for the only difference allowed is the line that names the backend.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import importlib.util
import json
import pickle
import re
import sys
from dataclasses import FrozenInstanceError, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from turns import BACKENDS, leaves, run_on

from anymutex import ConflictError, DeadlockError
from anymutex.deadlock import Deadlock, LockInversion, OrderSeen, SelfDeadlock, Waiter
from anymutex.report import (
    ConcurrentWrites,
    Conflict,
    Report,
    Side,
    Unguarded,
    coloured,
    locks_line,
    made_line,
    shown,
    stack_lines,
    versioned,
)
from anymutex.stacks import Place
from anymutex.starts import record_starts

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"

LOOP = Place("shop.py", 12, "read_loop(m)", "for k, v in m.items():")
WRITE = Place("shop.py", 31, "store(m, key)", "m[key] = 1")
MADE = Place("shop.py", 40, "main()", "m = SharedMap()")
READER = Side(
    who='task "read_loop"',
    did="iterating m, 1 of 2 keys seen, suspended between two steps",
    places=(Place("shop.py", 50, "serve()", "await read_loop(m)"), LOOP),
    awaits=(
        Place("shop.py", 13, "read_loop(m)", "await show(k)"),
        Place("a/folder/with/a/long/name/output.py", 7, "show(k)", "await stdout.write(k)"),
    ),
)
WRITER = Side(
    who='task "write_loop"',
    did="wrote m['key'] meanwhile: new key",
    places=(Place("shop.py", 28, "write_loop(m)", "store(m, key)"), WRITE),
)
CONFLICT = Conflict(
    map="m",
    made=MADE,
    size_before=2,
    size_after=3,
    reader=READER,
    writer=WRITER,
    descent=None,
    loop_text=LOOP.text,
    backend="trio 1.2.3, anyio 4.5.6",
)
UNGUARDED = Unguarded(
    map="stock",
    made=Place("shop.py", 41, "main()", "stock = SharedMap(guarded_by=mux)"),
    lock="mux",
    access=replace(WRITER, did="wrote to it"),
    backend="asyncio, anyio 4.5.6",
)
SELF_DEADLOCK = SelfDeadlock(
    lock="mux",
    kind_of_lock="Mutex",
    task='task "transfer"',
    held="mux",
    taken=Place("bank.py", 19, "transfer(amount)", "async with mux:"),
    wanted=(
        Place("bank.py", 20, "transfer(amount)", "await deposit(amount)"),
        Place("bank.py", 13, "deposit(amount)", "async with mux:"),
    ),
    fix=(),
    backend="asyncio+uvloop 0.1.2, anyio 4.5.6",
)
UPGRADE = replace(
    SELF_DEADLOCK,
    lock="rates.writer",
    kind_of_lock="RWMutex",
    held="rates.reader",
    taken=Place("bank.py", 19, "transfer(amount)", "async with rates.reader:"),
    fix=("fix: take the writer from the start", "     or else"),
)
AB_BA = Deadlock(
    waiters=(
        Waiter(
            who='task "x->y"',
            holds="accounts['x']",
            since=Place("bank.py", 16, "transfer(a, b)", "async with accounts[a]:"),
            wants="accounts['y']",
            joins=None,
            places=(
                Place("bank.py", 30, "serve()", "await transfer(a, b)"),
                Place("bank.py", 18, "transfer(a, b)", "async with accounts[b]:"),
            ),
        ),
        Waiter(
            who='task "y->x"',
            holds="accounts['y']",
            since=Place("bank.py", 16, "transfer(a, b)", "async with accounts[a]:"),
            wants="accounts['x']",
            joins=None,
            places=(Place("bank.py", 18, "transfer(a, b)", "async with accounts[b]:"),),
        ),
    ),
    backend="trio 1.2.3, anyio 4.5.6",
)
JOINED = replace(
    AB_BA,
    waiters=(
        Waiter(
            who='task "main"',
            holds="mux",
            since=Place("bank.py", 40, "main()", "async with mux:"),
            wants=None,
            joins='task "child"',
            places=(Place("bank.py", 41, "main()", "async with create_task_group() as tasks:"),),
        ),
        Waiter(
            who='task "child"',
            holds=None,
            since=None,
            wants="mux",
            joins=None,
            places=(Place("bank.py", 35, "child()", "async with mux:"),),
        ),
    ),
)
INVERSION = LockInversion(
    orders=(
        OrderSeen(
            who='task "transfer"',
            first="accounts['x']",
            second="mux",
            first_taken=Place("bank.py", 16, "transfer(a, b)", "async with accounts[a]:"),
            second_taken=Place("bank.py", 18, "transfer(a, b)", "async with mux:"),
        ),
        OrderSeen(
            who='task "close"',
            first="mux",
            second="accounts['x']",
            first_taken=Place("bank.py", 105, "close(a)", "async with mux:"),
            second_taken=Place("bank.py", 107, "close(a)", "async with accounts[a]:"),
        ),
    ),
)
THIRD = OrderSeen(
    who='task "audit"',
    first="rates.reader",
    second="accounts['x']",
    first_taken=Place("audit.py", 7, "audit()", "await rates.reader.acquire()"),
    second_taken=Place("audit.py", 9, "audit()", ""),
)
CONCURRENT_WRITES = ConcurrentWrites(
    map="stock",
    made=Place("shop.py", 40, "main()", "stock = SharedMap()"),
    key="'tea'",
    updater=replace(READER, did="updating stock['tea'], suspended between reading and writing", awaits=()),
    writer=replace(WRITER, did="wrote stock['tea'] meanwhile: value replaced"),
    backend="asyncio, anyio 4.5.6",
)
STARTED = Place("shop.py", 44, "main()", "group.start_soon(read_loop, m)")
REPORTS: dict[str, Report] = {
    "conflict": CONFLICT,
    "conflict_starts_and_locks": replace(
        CONFLICT,
        reader=replace(READER, started=STARTED, parent="main", holds=("a", "b")),
        writer=replace(WRITER, started=STARTED._replace(line=45)),
        descent="started by the iterating task",
    ),
    "conflict_parents_only": replace(
        CONFLICT, reader=replace(READER, parent="main"), writer=replace(WRITER, holds=("mux",))
    ),
    "conflict_with_a_thread": replace(
        CONFLICT, writer=replace(WRITER, who='thread "AnyIO worker thread"', did="wrote m meanwhile: cleared")
    ),
    "conflict_by_next": replace(CONFLICT, loop_text="while (k := next(steps, None)) is not None:"),
    "conflict_without_source": replace(
        CONFLICT,
        made=MADE._replace(text=""),
        reader=replace(READER, places=(LOOP._replace(text=""),), awaits=()),
        loop_text="",
    ),
    "unguarded": UNGUARDED,
    "unguarded_started": replace(
        UNGUARDED, access=replace(UNGUARDED.access, started=STARTED, parent="main", holds=("other",))
    ),
    "self_deadlock": SELF_DEADLOCK,
    "upgrade": UPGRADE,
    "deadlock": AB_BA,
    "deadlock_joined": JOINED,
    "lock_inversion": INVERSION,
    "lock_inversion_of_three": LockInversion(
        orders=(INVERSION.orders[0], replace(INVERSION.orders[1], second="rates.writer"), THIRD)
    ),
    "concurrent_writes": CONCURRENT_WRITES,
}
KINDS = {"concurrent-writes", "conflict", "deadlock", "lock-inversion", "self-deadlock", "unguarded"}
every_report = pytest.mark.parametrize("name", REPORTS)
PROGRAMS: dict[str, tuple[type[Any], type[Report]]] = {
    "conflict_program": (ConflictError, Conflict),
    "unguarded_program": (ConflictError, Unguarded),
    "self_deadlock_program": (DeadlockError, SelfDeadlock),
}


@every_report
def test_text(name: str, check_golden: Callable[[str, str], None]) -> None:
    """The wording of each report, in each of its forms."""
    check_golden(f"{name}.txt", str(REPORTS[name]))


@every_report
def test_json(name: str, check_golden: Callable[[str, str], None]) -> None:
    """The same for machines: every key that somebody may rely on."""
    check_golden(f"{name}.json", json.dumps(REPORTS[name].to_json(), indent=2))


@every_report
def test_json_has_the_kind_and_the_text(name: str) -> None:
    """Whoever reads JSON can show the text too."""
    report = REPORTS[name]

    assert str(report) == report.to_json()["text"]
    assert report.kind == report.to_json()["kind"]
    assert report.kind in KINDS


@every_report
def test_the_headline_is_the_first_line(name: str) -> None:
    """What a log shows when it has one line."""
    report = REPORTS[name]

    assert str(report).splitlines()[0] == report.headline


@every_report
def test_one_paragraph_says_how_to_fix_it(name: str) -> None:
    """It is the last one, so that it is seen in a terminal."""
    last = str(REPORTS[name]).split("\n\n")[-1]

    assert last.startswith("fix: ")
    assert 1 == str(REPORTS[name]).count("fix:")


@every_report
def test_no_line_ends_in_blanks(name: str) -> None:
    """A place without source leaves nothing behind it."""
    assert [] == [line for line in str(REPORTS[name]).split("\n") if line != line.rstrip()]


@every_report
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_report_can_be_pickled(name: str, protocol: int) -> None:
    """It is plain data, the same on the other side."""
    report = REPORTS[name]
    there_and_back = pickle.loads(pickle.dumps(report, protocol))

    assert report == there_and_back
    assert str(report) == str(there_and_back)
    assert hash(report) == hash(there_and_back)


@pytest.mark.parametrize("error_type", [ConflictError, DeadlockError])
def test_an_error_can_be_pickled(error_type: type[ConflictError | DeadlockError]) -> None:
    """A process pool sends it home whole."""
    there_and_back = pickle.loads(pickle.dumps(error_type(CONFLICT)))

    assert error_type is type(there_and_back)
    assert CONFLICT == there_and_back.report
    assert str(CONFLICT) == str(there_and_back)


def test_a_report_does_not_change() -> None:
    """Many listeners get the same one."""
    with pytest.raises(FrozenInstanceError):
        CONFLICT.map = "other"  # type: ignore[misc]


def test_a_report_without_lines_is_not_one() -> None:
    """The base is there to be filled in."""
    base: Any = Report

    with pytest.raises(TypeError, match="abstract"):
        base()


# --- from the data of a real program ----------------------------------------------------------------------


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Give what loads a program of `golden/`, each time as a fresh module."""

    def load_program(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load_program


def report_of(program: Any, backend: str) -> Report:
    """Run a program of `golden/`, with its starts recorded, and give the report that it dies of."""

    async def main() -> None:
        with record_starts():
            await program.main()

    with pytest.raises(BaseExceptionGroup) as caught:
        run_on(BACKENDS[backend], main)
    [error] = leaves(caught.value)
    error_type, report_type = PROGRAMS[program.__name__]
    assert error_type is type(error)
    report = error.report  # type: ignore[attr-defined]
    assert isinstance(report, report_type)
    assert str(error) == str(report)
    return report


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "eager"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_dies(
    name: str,
    backend: str,
    load: Callable[[str], Any],
    check_golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One text for all backends, but for the line that names the backend with its versions."""
    monkeypatch.chdir(GOLDEN)
    told = str(report_of(load(name), backend))
    text, replaced = re.subn(r"(?m)^backend .*$", "backend BACKEND", told)

    assert 1 == replaced
    check_golden(f"{name}.txt", text)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_dies_with_eager_tasks(
    name: str, load: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text, but that nothing is said of starts: the eager factory was there first."""
    monkeypatch.chdir(GOLDEN)
    golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    expected = [line for line in golden if not re.search("^task .* started at|^backend", line)]
    told = str(report_of(load(name), "eager")).splitlines()

    assert expected == [line for line in told if not line.startswith("backend")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_report_of_a_program_is_plain_data(name: str, load: Callable[[str], Any]) -> None:
    """It survives pickle, and JSON takes it as it is."""
    report = report_of(load(name), "trio")

    assert report == pickle.loads(pickle.dumps(report))
    assert report.kind == json.loads(json.dumps(report.to_json()))["kind"]


def test_the_main_task_has_no_parent(load: Callable[[str], Any]) -> None:
    """Nobody of the user's started it: the text is the same as on asyncio."""
    with pytest.raises(ConflictError) as caught:
        run_on(BACKENDS["trio"], load("unguarded_program").Stock().sell)

    assert " started by " not in str(caught.value)


# --- the pieces ------------------------------------------------------------------------------------------


def test_a_function_is_named_once_in_a_row() -> None:
    """Two lines of one call stand under one heading."""
    second = LOOP._replace(line=13)
    expected = [
        "  read_loop(m)",
        "      shop.py:12               for k, v in m.items():",
        "      shop.py:13               for k, v in m.items():",
        "  store(m, key)",
        "      shop.py:31               m[key] = 1",
    ]

    assert expected == list(stack_lines((LOOP, second, WRITE)))


def test_a_stack_without_signatures() -> None:
    """Below an await the lines are enough."""
    expected = [
        "      shop.py:12               for k, v in m.items():",
        "      shop.py:31               m[key] = 1",
    ]

    assert expected == list(stack_lines((LOOP, WRITE), signatures=False))


STARTS: dict[str, tuple[Side, str | None]] = {
    "nothing known": (READER, None),
    "parent": (replace(READER, parent="main"), 'task "read_loop" started by task "main"'),
    "place": (replace(READER, started=STARTED), 'task "read_loop" started at shop.py:44'),
    "both": (
        replace(READER, started=STARTED, parent="main"),
        'task "read_loop" started at shop.py:44 by task "main"',
    ),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_is_told_as_far_as_it_is_known(name: str) -> None:
    """Nothing is said that is not known."""
    side, expected = STARTS[name]

    assert expected == side.start_line()


def test_locks_are_told_for_each_side() -> None:
    """None at all is said too: it is what the reader looks for."""
    holder = replace(WRITER, holds=("a", "b"))
    expected = 'anymutex locks held: task "read_loop" none, task "write_loop" a, b'

    assert expected == locks_line(READER, holder)


def test_where_an_object_was_made() -> None:
    """One sentence with name, kind and place."""
    assert "m is the SharedMap made at shop.py:40" == made_line("m", "SharedMap", MADE)


class Raising:
    """Has a `__repr__` that raises what it is told."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Text(str):
    """A str with a `__repr__` of its own, which raises."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise ZeroDivisionError


class Wordy:
    """Has a `__repr__` of a million characters."""

    def __repr__(self) -> str:
        return "<" + "x" * 1_000_000 + ">"


class Endless:
    """Has a `__repr__` that never comes back."""

    def __repr__(self) -> str:
        return repr(self)


class Wrong:
    """Has a `__repr__` that gives no text."""

    def __repr__(self) -> str:
        return 3  # type: ignore[return-value]


class Multiline:
    """Has a `__repr__` that would break a report's lines, and colour the terminal."""

    def __repr__(self) -> str:
        return "a\n\nfix: none\x1b[31m"


NESTED: list[Any] = []
NESTED.append(NESTED)
SHOWN: dict[str, tuple[object, str]] = {
    "int": (3, "3"),
    "str": ("key", "'key'"),
    "str with newline": ("a\nb", r"'a\nb'"),
    "None": (None, "None"),
    "long str": ("x" * 100, "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
    "long list": (list(range(100)), "[0, 1, 2, 3, 4, 5, ...]"),
    "tuple": ((1, "a"), "(1, 'a')"),
    "endless list": (NESTED, "[[[[[[[...]]]]]]]"),
    "huge repr": (Wordy(), "<xxxxxxxxxxxx...xxxxxxxxxxxxx>"),
    "huge int": (10**5000, "<int whose repr raised ValueError>"),
}
RAISING: dict[str, tuple[object, str]] = {
    "raising": (Raising(ValueError("no")), "<Raising whose repr raised ValueError>"),
    "endless": (Endless(), "<Endless whose repr raised RecursionError>"),
    "no text": (Wrong(), "<Wrong whose repr raised TypeError>"),
    "str whose own raises": (Text("abc"), "<Text whose repr raised ZeroDivisionError>"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_shown(name: str) -> None:
    """Short, in one line, and never an error."""
    value, expected = SHOWN[name]

    assert expected == shown(value)


@pytest.mark.parametrize("name", RAISING)
def test_a_repr_that_raises_is_no_error(name: str) -> None:
    """The type is named all the same."""
    value, _ = RAISING[name]

    assert shown(value).startswith(f"<{type(value).__name__} ")
    assert shown((1, value)).startswith("(1, <")


@pytest.mark.parametrize("name", RAISING)
def test_a_repr_that_raises_is_told_without_an_address(name: str) -> None:
    """The same text in every run, with what was raised."""
    value, expected = RAISING[name]

    assert expected == shown(value)


def test_what_is_shown_stands_in_one_line() -> None:
    """A value can't forge a line of a report, nor send codes to the terminal."""
    assert shown(Multiline()).isprintable()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_a_program_is_not_swallowed(error: BaseException) -> None:
    """Ctrl-C in a slow `__repr__` is for the program."""
    with pytest.raises(type(error)):
        shown(Raising(error))


COLOURED = {
    "one line": ("head", "\x1b[1;31mhead\x1b[0m"),
    "more": ("head\n\nrest\n", "\x1b[1;31mhead\x1b[0m\n\nrest\n"),
    "a report": (
        str(CONFLICT),
        f"\x1b[1;31m{CONFLICT.headline}\x1b[0m{str(CONFLICT).removeprefix(CONFLICT.headline)}",
    ),
}


@pytest.mark.parametrize("name", COLOURED)
def test_coloured(name: str) -> None:
    """The headline in red and nothing else."""
    text, expected = COLOURED[name]

    assert expected == coloured(text)


VERSIONED = {
    "asyncio": f"asyncio, anyio {version('anyio')}",
    "asyncio+uvloop": f"asyncio+uvloop {version('uvloop')}, anyio {version('anyio')}",
    "trio": f"trio {version('trio')}, anyio {version('anyio')}",
}


@pytest.mark.parametrize("backend", VERSIONED)
def test_versioned(backend: str) -> None:
    """What must be known to repeat a run; asyncio's version is Python's."""
    assert VERSIONED[backend] == versioned(backend)
