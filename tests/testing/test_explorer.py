"""`explore` and `replay`: verdicts, limits, and what is refused."""

from __future__ import annotations

import _thread
import itertools
import threading
import time
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
from zoo import lost_update, lost_wakeup, opposite_locks, reorder

from anymutex import probe
from anymutex.errors import UsageError
from anymutex.testing import explore, replay
from anymutex.testing.failure import ScheduleError
from anymutex.testing.strategy import Fifo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def nothing() -> str:
    """Do one step."""
    return "done"


async def many_steps() -> None:
    """Have more schedules than anybody can run."""
    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(two_checkpoints)


async def two_checkpoints() -> None:
    """Take three steps."""
    await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()


def test_proved() -> None:
    """Every schedule was run; what that rests on is said."""
    result = explore(lost_update.safe)

    assert result.check() is result
    assert (result.verdict, result.failure, result.stopped_by) == ("proved", None, None)
    assert result.outcomes == {"asyncio": {"None"}, "trio": {"None"}}
    assert "awaits alone" in (result.assumption or "")
    assert str(result).startswith("proved: no schedule fails, every one was run; schedules run: ")


def test_bounded() -> None:
    """The first level was done when the limit was reached; how many ran is said, and nothing is assumed."""
    result = explore(many_steps, max_schedules=350)

    assert (result.verdict, result.assumption) == ("bounded", None)
    assert result.covered >= 1
    assert result.schedules == {"asyncio": 350, "trio": 350}
    assert "at most 1 tasks overtaking" in str(result)
    assert str(result).endswith("350 on asyncio, 350 on trio; stopped by max_schedules=350")


def test_unfinished() -> None:
    """A limit came too soon to say anything."""
    result = explore(many_steps, max_schedules=5)

    assert (result.verdict, result.stopped_by) == ("unfinished", "max_schedules=5")
    assert str(result).startswith("unfinished: no failure so far; schedules run: 5 on asyncio")


def test_a_strategy_that_ends_bounds() -> None:
    """The default order alone."""
    result = explore(many_steps, strategy=Fifo)

    assert (result.verdict, result.covered, result.stopped_by) == ("bounded", 0, None)


def test_failed() -> None:
    """The first backend is enough; `check` raises the report, caused by what the program raised."""
    result = explore(reorder.racy)

    assert (result.verdict, list(result.schedules)) == ("failed", ["asyncio"])
    assert result.failure is not None
    with pytest.raises(ScheduleError) as raised:
        result.check()
    assert str(raised.value) == str(result) == result.failure.report
    assert isinstance(raised.value.__cause__, AssertionError)
    assert result.failure.is_fewest
    assert result.failure.to_json()["is_fewest"] is True


def test_a_time_limit_is_looked_at_between_runs() -> None:
    """A program that blocks the loop can't be interrupted, but it is not run again."""

    async def block() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(two_checkpoints)
        time.sleep(0.02)  # noqa: ASYNC251  # on purpose

    result = explore(block, max_seconds=0.03)

    assert (result.verdict, result.stopped_by) == ("unfinished", "max_seconds=0.03")
    assert sum(result.schedules.values()) < 6


@each_backend
def test_a_failure_that_does_not_repeat_is_told_as_such(backend: str) -> None:
    """The program has a state of its own between the runs."""
    count = itertools.count()

    async def program() -> None:
        assert next(count) != 3

    async def more() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(two_checkpoints)
        await program()

    failure = explore(more, backends=[backend]).failure

    assert failure is not None
    assert not failure.is_reproducible
    assert "not reproducible: the program has other randomness or state between runs" in failure.report


@each_backend
def test_the_fewest_deviations(backend: str) -> None:
    """A walk that found it by chance is cut down to what it takes: none at all here."""

    class Backwards(Fifo):
        def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
            return queue[-1]

    async def program() -> None:
        await many_steps()
        assert False, "always"  # noqa: B011

    failure = explore(program, backends=[backend], strategy=Backwards).failure

    assert failure is not None
    assert (failure.token, failure.deviations) == ("v1", 0)
    assert "in the default order" in failure.report


@each_backend
def test_it_may_be_called_where_a_loop_runs(backend: str) -> None:
    """It works in a thread of its own, and leaves the loop that runs alone."""

    async def main() -> str:
        return explore(lost_update.safe).verdict

    assert anyio.run(main, backend=backend) == "proved"


@each_backend
def test_nothing_is_left_behind(backend: str) -> None:
    """No thread, and the primitives ask the clock again."""
    before = threading.active_count()
    explore(opposite_locks.racy, backends=[backend])

    assert threading.active_count() == before
    assert not probe.driven


@pytest.mark.parametrize(
    ("backends", "said"),
    [
        (["uvloop"], "uvloop can't be driven"),
        (["asyncio+uvloop"], "uvloop can't be driven"),
        (["curio"], "unknown backend 'curio': asyncio and trio can be driven"),
        ([], "no backend to run on"),
    ],
)
def test_a_backend_that_cannot_be_driven_is_refused(backends: list[str], said: str) -> None:
    """In one line, before anything runs."""
    with pytest.raises(UsageError, match=said.replace("+", r"\+")):
        explore(nothing, backends=backends)


def test_a_coroutine_is_no_program() -> None:
    """It can be run once only."""
    coroutine = nothing()
    with pytest.raises(TypeError, match="without calling it"):
        explore(coroutine)  # type: ignore[arg-type]
    coroutine.close()


def test_arguments_of_a_wrong_type_are_named() -> None:
    """With what they have to be, before anything runs."""
    for name, value, words in (
        ("backends", None, "a name, or several"),
        ("backends", 3, "a name, or several"),
        ("max_schedules", "3", "a whole number"),
        ("max_schedules", None, "a whole number"),
        ("max_seconds", "1", "a number of seconds"),
        ("seed", None, "a whole number"),
        ("strategy", "random", "what makes a strategy from a seed"),
        ("early_timers", None, "a number of seconds"),
        ("invariant", 3, "a plain function, not an async one"),
        ("progress", nothing, "a plain function, not an async one"),
    ):
        with pytest.raises(TypeError, match=f"{name}=.*: it has to be {words}"):
            explore(nothing, **{name: value})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown backend None"):
        explore(nothing, backends=[None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="token=None: it has to be a str"):
        replay(nothing, None)  # type: ignore[arg-type]


def test_a_bad_token_is_refused() -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match="not a token"):
        replay(nothing, "nonsense")


@each_backend
def test_a_replay_that_cannot_follow_says_where(backend: str) -> None:
    """The program was mended, say."""
    token = "v1,2=0.0"
    assert replay(lost_wakeup.racy, token, backend=backend).divergence is None
    replayed = replay(lost_wakeup.safe, token, backend=backend).check()

    assert replayed.divergence == "at step 2 the task 0.0 could not run"
    assert str(replayed).startswith("the token was not followed: at step 2 ")


def test_a_broken_strategy_is_told() -> None:
    """Its own error is raised, after the run has ended."""

    class Broken(Fifo):
        def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        explore(lost_update.racy, strategy=Broken)


def test_the_default_order_is_that_of_plain_asyncio() -> None:
    """The empty token gives what the loop does when nobody drives it."""
    with pytest.raises(AssertionError) as raised:
        anyio.run(lost_update.racy, backend="asyncio")

    assert replay(lost_update.racy, "v1").outcome == f"AssertionError: {raised.value}"


def test_ctrl_c_ends_it_at_once(default_ctrl_c: None) -> None:
    """However much there is to do."""
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        explore(many_steps, max_schedules=10**6)

    assert time.monotonic() - began < 3
    assert not probe.driven
