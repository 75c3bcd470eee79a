"""`compare`: what is the same, what is not, and how it reads."""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio
import pytest

from anymutex import tasks
from anymutex.comparison import Comparison, compare
from anymutex.doors.row import Row
from anymutex.errors import UsageError
from anymutex.primitives.mutex import Mutex
from anymutex.primitives.sharedmap import SharedMap


def row(backend: str = "asyncio", **changes: Any) -> Row:
    """A row with nothing special about it."""
    plain: dict[str, Any] = {
        "outcome": "ok",
        "exception": None,
        "message": None,
        "value": "5",
        "stopped": False,
        "conflicts": 0,
        "operations": 1000,
        "seconds": 0.5,
    }
    return Row(backend, **plain | changes)


async def conflict() -> None:
    """Write to a map while another task iterates over it: two reads, a write, the conflict."""
    m = SharedMap({1: 1, 2: 2}, name="m")

    async def write() -> None:
        m[1] = 3

    async with anyio.create_task_group() as group:
        for _ in m:
            group.start_soon(write)
            await anyio.wait_all_tasks_blocked()


async def fail_twice() -> None:
    """Raise a group of two in an order that trio would not keep."""
    raise ExceptionGroup("outer", [ExceptionGroup("inner", [ValueError("b"), KeyError("c")]), KeyError("a")])


def test_every_backend_has_a_row() -> None:
    """In the order of the table, asyncio first."""

    async def program() -> int:
        return 5

    comparison = compare(program).check()

    assert [row.backend for row in comparison.rows] == ["asyncio", "uvloop", "trio"]
    assert {(row.outcome, row.value, row.stopped) for row in comparison.rows} == {("ok", "5", False)}


def test_each_backend_is_what_its_name_says() -> None:
    """Not asyncio three times; the difference is told by name."""

    async def program() -> str:
        return tasks.backend_of(tasks.current_run())

    comparison = compare(program, backends=["trio", "asyncio"])

    assert not comparison.same
    assert comparison.differences == ("value: 'trio' on trio, 'asyncio' on asyncio",)
    with pytest.raises(AssertionError, match="value: 'trio' on trio, 'asyncio' on asyncio"):
        comparison.check()


def test_a_conflict_is_an_outcome() -> None:
    """Compared by Go's sentence, for the rest of the report names the backend."""
    comparison = compare(conflict).check()
    told = {(row.outcome, row.exception, row.message, row.conflicts) for row in comparison.rows}

    assert told == {("conflict", "ConflictError", "concurrent map iteration and map write", 1)}


def test_a_deadlock_is_an_outcome() -> None:
    """With the lock's name in the message."""

    async def program() -> None:
        mux = Mutex("mux")
        async with mux, mux:
            pass

    first, *_ = compare(program).check().rows

    assert (first.outcome, first.exception) == ("deadlock", "DeadlockError")
    assert "mux" in (first.message or "")


def test_groups_are_unwrapped_and_put_in_order() -> None:
    """No schedule decides what is told first."""
    first, *_ = compare(fail_twice).check().rows

    assert first.outcome == "exception"
    assert first.exception == "KeyError, KeyError, ValueError"
    assert first.message == "'a'; 'c'; b"


def test_an_exit_is_an_outcome(caplog: pytest.LogCaptureFixture) -> None:
    """Also a child's, about which asyncio would complain in its log."""

    async def leave() -> None:
        raise SystemExit(3)

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(leave)

    first, *_ = compare(program).check().rows

    assert (first.exception, first.message) == ("SystemExit", "3")
    assert caplog.text == ""


def test_ctrl_c_is_none() -> None:
    """The user wants all of it to stop."""
    runs = []

    async def program() -> None:
        runs.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(program)

    assert len(runs) == 1


def test_map_operations_are_counted() -> None:
    """Each read, write and step of an iteration is one."""

    async def program() -> None:
        m = SharedMap[int, int]()
        m[1] = 1
        m[2] = 2
        assert m[1] == 1
        assert list(m) == [1, 2]

    one, more, _ = compare(program).check().rows

    assert one.operations == more.operations >= 5


def test_the_clock_stops_a_program() -> None:
    """Which counts as ok, and is told."""
    first, *_ = compare(anyio.sleep_forever, seconds=0.02).check().rows

    assert (first.outcome, first.stopped, first.value) == ("ok", True, None)
    assert first.seconds >= 0.02


def test_a_program_that_hangs_on_one_backend_is_a_difference() -> None:
    """Both are ok, but one of them never ended."""

    async def program() -> None:
        if tasks.backend_of(tasks.current_run()) == "trio":
            await anyio.sleep_forever()

    comparison = compare(program, backends=["asyncio", "trio"], seconds=0.05)

    assert "stopped by the clock: False on asyncio, True on trio" in comparison.differences


def test_a_value_whose_repr_raises_is_no_crash() -> None:
    """It is compared by its type."""

    class Bad:
        def __repr__(self) -> str:
            raise ValueError("no repr")

    async def program() -> Bad:
        return Bad()

    assert "Bad" in (compare(program, backends=["asyncio"]).rows[0].value or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "exception"},
        {"exception": "KeyError"},
        {"message": "x"},
        {"value": "6"},
        {"stopped": True},
    ],
)
def test_what_a_program_means_is_compared(changes: dict[str, Any]) -> None:
    """Each of it alone makes a difference."""
    assert not Comparison((row(), row("trio", **changes))).same


@pytest.mark.parametrize("changes", [{"conflicts": 3}, {"operations": 5}, {"seconds": 9.0}])
def test_what_depends_on_speed_is_not_compared(changes: dict[str, Any]) -> None:
    """It is shown."""
    assert Comparison((row(), row("trio", **changes))).same


def test_addresses_are_not_compared() -> None:
    """They differ from one run to the next."""
    assert Comparison((row(value="<x at 0x7f01>"), row("trio", value="<x at 0x7f02>"))).same


def test_the_table() -> None:
    """Ratios are to the first backend; the differences stand below."""
    rows = (
        row(),
        row("uvloop", operations=3000),
        row("trio", outcome="exception", exception="KeyError", message="'x'", value=None, operations=0),
    )
    expected = """\
backend  outcome    result         conflicts  map operations  seconds  throughput
asyncio  ok         returned 5             0           1,000     0.50       1.00x
uvloop   ok         returned 5             0           3,000     0.50       3.00x
trio     exception  KeyError: 'x'          0               0     0.50       0.00x

outcome: ok on asyncio, exception on trio
exception: None on asyncio, KeyError on trio
message: None on asyncio, 'x' on trio
value: 5 on asyncio, None on trio"""

    assert expected == str(Comparison(rows))


def test_json_is_plain() -> None:
    """What `--json` writes."""
    data = json.loads(json.dumps(Comparison((row(), row("trio"))).to_json()))

    assert data["same"] is True
    assert [each["backend"] for each in data["rows"]] == ["asyncio", "trio"]


def test_uvloop_is_there_if_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the comparison still means something."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    comparison = compare(anyio.lowlevel.checkpoint)

    assert [row.backend for row in comparison.rows] == ["asyncio", "trio"]


def test_without_trio_there_is_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silently fewer."""
    monkeypatch.setitem(sys.modules, "trio", None)
    with pytest.raises(UsageError, match=r"^trio is not installed"):
        compare(anyio.sleep_forever, seconds=0.01)


def test_no_backend_is_an_error() -> None:
    """An empty table would always agree."""
    with pytest.raises(UsageError, match=r"^no backend given$"):
        compare(anyio.sleep_forever, backends=[])


def test_what_is_no_program_is_refused() -> None:
    """As `run` does."""
    with pytest.raises(TypeError, match="is not async"):
        compare(lambda: None)  # type: ignore[arg-type, return-value]


async def test_a_running_loop_is_refused() -> None:
    """It would start another one inside."""
    with pytest.raises(RuntimeError, match="call it from plain code"):
        compare(anyio.sleep_forever)
