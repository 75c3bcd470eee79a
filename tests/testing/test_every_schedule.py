"""`every_schedule`: what it makes of an async test; some tests here are made by it."""

from __future__ import annotations

import subprocess
import sys
import unittest
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from anymutex.errors import UsageError
from anymutex.testing import every_schedule, replay
from anymutex.testing.failure import ScheduleError

if TYPE_CHECKING:
    from collections.abc import Callable

who: ContextVar[str] = ContextVar("who")


async def count(tasks: int, lock: anyio.Lock | None = None) -> None:
    """Lose an update, unless there is a lock or one task alone."""
    counter = 0

    async def increment() -> None:
        nonlocal counter
        if lock:
            await lock.acquire()
        before = counter
        await anyio.lowlevel.checkpoint()
        counter = before + 1
        if lock:
            lock.release()

    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(increment)
    assert counter == tasks, f"counted {counter}"


@pytest.fixture
def tasks() -> int:
    """Give what a test takes from a sync fixture."""
    return 2


@every_schedule
async def test_with_a_fixture(tasks: int) -> None:
    """As it is without the decorator."""
    await count(tasks, anyio.Lock())


@every_schedule(max_schedules=50, backends=["trio"])
@pytest.mark.parametrize("number", [1, 2])
async def test_with_parameters(number: int, tasks: int, anyio_backend: str) -> None:
    """And with the backend, for who asks for it."""

    assert (number in (1, 2), tasks, anyio_backend) == (True, 2, "trio")


class TestInAClass:
    """A class of pytest's."""

    @every_schedule
    async def test_method(self, tasks: int) -> None:
        """It has its self."""

        assert (type(self), tasks) == (TestInAClass, 2)

    @settings(deadline=None, max_examples=3)
    @given(st.integers(1, 2))
    @every_schedule
    async def test_given_by_place(self, number: int) -> None:
        """Hypothesis fills in the last parameters."""
        await count(number, anyio.Lock())


@settings(deadline=None, max_examples=3)
@given(number=st.integers(1, 2))
@every_schedule
async def test_given_by_name(number: int) -> None:
    """Hypothesis above it."""
    await count(number, anyio.Lock())


def test_a_failure_is_raised_as_its_report() -> None:
    """On the first backend that shows it; the last line can be typed."""

    @every_schedule(max_schedules=20)
    async def lost() -> None:
        await count(2)

    with pytest.raises(ScheduleError) as caught:
        lost()
    text = str(caught.value)
    again = replay(lost.__wrapped__, "v1", backend="asyncio")  # type: ignore[attr-defined]

    assert text.startswith("AssertionError: counted 1\n")
    assert text.endswith("lost.__wrapped__, 'v1', backend='asyncio')")
    assert again.outcome == "AssertionError: counted 1"


def test_a_direct_call_explores_on_every_backend() -> None:
    """With arguments as they were given; in the context of the caller."""
    seen = set()

    @every_schedule
    async def program(one: int, *, two: int = 0) -> None:
        seen.add((one, two, who.get(), trio.lowlevel.in_trio_run()))

    who.set("caller")
    program(1, two=2)

    assert {(1, 2, "caller", False), (1, 2, "caller", True)} == seen


def test_one_backend_can_be_named() -> None:
    """As pytest does."""
    seen = []

    @every_schedule
    async def program(one: int) -> None:
        seen.append(one)

    program(anyio_backend="trio", one=1)

    assert seen == [1]


@pytest.mark.parametrize("base", [unittest.TestCase, unittest.IsolatedAsyncioTestCase])
def test_a_method_of_unittest(base: type[unittest.TestCase]) -> None:
    """It explores on every backend, and fails as a test fails."""

    class Case(base):  # type: ignore[valid-type, misc]
        @every_schedule
        async def test_good(self) -> None:
            await count(2, anyio.Lock())

        @every_schedule
        async def test_bad(self) -> None:
            await count(2)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    assert (result.testsRun, result.errors, len(result.failures)) == (2, [], 1)
    assert "counted 1" in result.failures[0][1]


def not_async() -> None:
    """Is no program."""


@given(st.integers())
def given_below(number: int) -> None:
    """Is not async any more for who stands above."""


async def nothing() -> None:
    """Is a program."""


MISUSE: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "not async": (lambda: every_schedule(not_async), TypeError, "not_async is none: write `async def`"),  # type: ignore[arg-type]
    "given below": (lambda: every_schedule(given_below), TypeError, "@given has to stand above"),  # type: ignore[arg-type]
    "a number": (lambda: every_schedule(200), TypeError, r"takes keywords, as in @every_schedule\(max_sched"),  # type: ignore[call-overload]
    "unknown": (lambda: every_schedule(schedules=1), TypeError, "unexpected keyword argument 'schedules'"),
    "backend": (lambda: every_schedule(backends=["uvloop"])(nothing), UsageError, "uvloop can't be driven"),
    "no schedule": (lambda: every_schedule(max_schedules=0), UsageError, "at least one has to run"),
    "invariant": (lambda: every_schedule(invariant=nothing), TypeError, "invariant="),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_told_where_the_test_is_defined(case: str) -> None:
    """In one line, before anything runs."""
    use, kind, text = MISUSE[case]

    with pytest.raises(kind, match=text) as caught:
        use()

    assert "\n" not in str(caught.value)


def test_without_pytest() -> None:
    """Nothing of ours needs it."""
    code = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        "from anymutex.testing import every_schedule\n"
        "@every_schedule\n"
        "async def program(): print('run')\n"
        "program()\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (output.stderr, output.stdout) == ("", "run\nrun\n")
