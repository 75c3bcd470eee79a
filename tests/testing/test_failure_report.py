"""How a failing schedule reads: the texts are in `tests/golden/`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
import schedule_programs
from zoo import missed_pulse

from anymutex.testing import explore, replay, shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.failure import Failure

HERE = Path(__file__).parent
ON_BOTH: list[AsyncProgram] = [
    schedule_programs.count,
    schedule_programs.bank,
    schedule_programs.nobody_sets_it,
    schedule_programs.heartbeat,
    schedule_programs.spin,
    schedule_programs.cached,
    schedule_programs.chat,
    schedule_programs.crowd,
]
ON_ONE: list[tuple[AsyncProgram, str]] = [
    (schedule_programs.orders, "asyncio"),  # the loops differ in how they cancel the others
    (schedule_programs.orders, "trio"),
    (schedule_programs.cleanup, "asyncio"),
    (schedule_programs.cleanup, "trio"),
    (schedule_programs.polite, "asyncio"),
    (schedule_programs.shutdown, "asyncio"),
    (schedule_programs.crossroads, "asyncio"),
    (schedule_programs.called_back, "asyncio"),
    (schedule_programs.unheard, "asyncio"),
    (schedule_programs.channel, "trio"),
]


def failure_of(program: AsyncProgram, backend: str) -> Failure:
    """Give what is found."""
    failure = explore(program, backends=[backend]).failure
    assert failure is not None
    return failure


def as_everywhere(report: str) -> str:
    """Give the report as it is on every machine."""
    return re.sub(r"(anyio|trio) \d+[\w.]*", r"\1 N", report).replace(f"{HERE}/", "")


def as_on_asyncio(report: str) -> str:
    """Give the report with the words that are asyncio's."""
    report = report.replace("backend trio N", "backend asyncio")
    report = report.replace("backend='trio'", "backend='asyncio'")
    report = report.replace("(first woken, first served)", "(asyncio's own)")
    return re.sub(r" +task \"\w+\" started by task \"main\"\n", "", report)  # trio alone knows that


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be shown by their names alone."""
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("program", ON_BOTH, ids=lambda program: program.__name__)
def test_the_text(program: AsyncProgram, check_golden: Callable[[str, str], None]) -> None:
    """What happened, step by step, why, and how to repeat it, in the same words on both backends."""
    own = as_everywhere(failure_of(program, "asyncio").report)
    other = as_everywhere(failure_of(program, "trio").report)
    check_golden(f"schedule_{program.__name__}.txt", own)

    assert own == as_on_asyncio(other)


@pytest.mark.parametrize(("program", "backend"), ON_ONE, ids=lambda value: getattr(value, "__name__", value))
def test_the_text_on_one_backend(
    program: AsyncProgram, backend: str, check_golden: Callable[[str, str], None]
) -> None:
    """Where the loops differ, or where the means of one are used."""
    check_golden(
        f"schedule_{program.__name__}_{backend}.txt", as_everywhere(failure_of(program, backend).report)
    )


def test_the_token_of_one_backend_tells_the_same_on_the_other() -> None:
    """Where nothing is cancelled."""
    token = failure_of(schedule_programs.count, "asyncio").token
    other = replay(schedule_programs.count, token, backend="trio")
    own = replay(schedule_programs.count, token, backend="asyncio")

    assert own.steps == other.steps
    assert own.failure is not None
    assert own.failure.report == failure_of(schedule_programs.count, "asyncio").report


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_as_plain_data(backend: str) -> None:
    """All of it can be written as JSON, the text included."""
    failure = failure_of(schedule_programs.bank, backend)
    data = json.loads(json.dumps(failure.to_json()))

    assert (failure.kind, failure.token, failure.report) == (data["kind"], data["token"], data["text"])
    assert [turn["task"] for turn in data["steps"]["turns"]] == [[0], [0, 0], [0, 1], [0, 0], [0, 1]]
    assert data["steps"]["turns"][1]["deeds"] == ["takes x"]
    assert data["standstill"]["ring"].count("task") == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_the_tool_did_stands_first(backend: str) -> None:
    """A cancel by the tool is in the first line and in the table, with where it met the task."""

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 1, name="sleeper")
            await anyio.sleep(2)
            raise ValueError

    failure = replay(program, "v1,2x0.0", backend=backend).failure
    assert failure is not None
    first, *lines = failure.report.splitlines()

    assert first.startswith('the tool cancelled task "sleeper" 0.0')
    assert [line.strip() for line in lines if "the tool cancels" in line] == [
        first.replace("the tool cancelled", "! the tool cancels")
    ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancel_before_the_first_step(backend: str) -> None:
    """Who has not begun is hit at the first await: the report names that line."""

    async def borrow() -> None:
        free = ["connection"]

        async def use() -> None:
            connection = free.pop()
            await anyio.lowlevel.checkpoint()
            free.append(connection)

        async with anyio.create_task_group() as group:
            group.start_soon(use)
        assert free, "a connection is lost"

    failure = explore(borrow, backends=[backend], cancellation=True).failure
    assert failure is not None
    hit = borrow.__code__.co_firstlineno + 5

    assert failure.token == "v1,1x0.0"
    assert failure.report.splitlines()[0] == (
        'the tool cancelled task "use" 0.0 before its first step, '
        f"so at its first await, {Path(__file__).name}:{hit}"
    )


def test_a_cancel_of_who_never_begins_or_has_begun_already() -> None:
    """A task of asyncio's own is cancelled without a first step; an eager one has had it when it is met."""
    began: list[str] = []

    async def use() -> None:
        began.append("use")
        await asyncio.sleep(0)
        raise AssertionError("not cancelled")

    async def native() -> None:
        began.clear()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.CancelledError):
            await loop.create_task(use(), name="use")
        raise ValueError(began)

    async def eager() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]
        try:
            await native()
        finally:
            loop.set_task_factory(None)

    met = {native: ("[]", " before its first step")}
    if sys.version_info >= (3, 12):
        met[eager] = ("['use']", f" at {Path(__file__).name}:{use.__code__.co_firstlineno + 2}")
    for program, (value, words) in met.items():
        failure = replay(program, "v1,1x0.0").failure
        assert failure is not None
        first, second, *_ = failure.report.splitlines()

        assert (first.partition(" 0.0")[2], second) == (words, f"ValueError: {value}")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_whether_fewer_deviations_may_do(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said where none of the schedules with fewer fails; else that not all of them were run."""

    def deviations() -> str:
        report = failure_of(missed_pulse.racy, backend).report
        return next(line for line in report.splitlines() if line.startswith("2 deviations"))

    sure = deviations()
    monkeypatch.setattr(shrink, "MOST_BELOW", 1)
    unsure = deviations()

    assert sure.endswith(", which was run too and does not fail")
    assert unsure == f"{sure}; fewer may do: not all schedules with fewer were run"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hang_of_all_tasks(backend: str) -> None:
    """Nobody is said to go on beside others where there are no others."""

    async def poll() -> None:
        await schedule_programs.beat()

    async def polls() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(poll)

    for program, who in ((poll, "the only task wakes"), (polls, "all tasks wake")):
        first_line = failure_of(program, backend).report.splitlines()[0]

        assert first_line == f"hang: {who} again and again for 120 s of virtual time, and nothing comes of it"


def test_exceptions_that_are_hard_to_tell() -> None:
    """One that has no text, and one that was raised in no line of the user's."""

    class Dumb(Exception):
        def __str__(self) -> str:
            raise ValueError("no words")

    async def dumb() -> None:
        raise Dumb

    async def nowhere() -> None:
        raise StopIteration

    for program, said in (
        (dumb, "Dumb: <its text can't be had: ValueError>"),
        (nowhere, 'RuntimeError raised by task "main" 0\n'),
    ):
        for backend in ("asyncio", "trio"):
            assert said in failure_of(program, backend).report
