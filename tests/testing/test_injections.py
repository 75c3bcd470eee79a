"""Cancels and early timers as choices of a schedule: found, shrunk, replayed, and only where allowed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
import sniffio

from anymutex.errors import UsageError
from anymutex.testing import explore, replay
from anymutex.testing.cancelsweep import points_of
from anymutex.testing.choices import Deviation, Schedule
from anymutex.testing.strategy import Fifo, Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.failure import Failure
    from anymutex.testing.progress import Progress

BACKENDS = ["asyncio", "trio"]
OTHER = {"asyncio": "trio", "trio": "asyncio"}
each_backend = pytest.mark.parametrize("backend", BACKENDS)
A, B, C = (0, 0), (0, 1), (0, 2)


class Pool:
    """Of connections; it counts those that are out."""

    def __init__(self) -> None:
        self.out = 0

    async def take(self) -> None:
        """Greet the server, with the connection out already."""
        self.out += 1
        await anyio.lowlevel.checkpoint()

    async def give_back(self) -> None:
        """Put it back."""
        self.out -= 1


async def leak() -> None:
    """A cancel while the connection greets loses it."""
    pool = Pool()

    async def use() -> None:
        await anyio.lowlevel.checkpoint()
        await pool.take()
        try:
            await anyio.sleep(1)
        finally:
            await pool.give_back()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(use)
    assert pool.out == 0, f"{pool.out} lost"


async def no_leak() -> None:
    """The connection is given back wherever the cancel falls."""
    pool = Pool()

    async def use() -> None:
        try:
            await pool.take()
            await anyio.sleep(1)
        finally:
            await pool.give_back()

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(use)
    assert pool.out == 0, f"{pool.out} lost"


async def late_at_night() -> None:
    """Sleep until the other is surely done."""
    done = False

    async def work() -> None:
        nonlocal done
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        done = True

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await anyio.sleep(0.5)
        assert done, "not done yet"


@pytest.mark.parametrize(
    "token", ["v1,0x0.0", "v1,3x0.1,3=0.2", "v1,3t", "v1,3x0.1,3x0.2,3t,3=0.1,4=0", "v1,12t,13t"]
)
def test_a_token_with_injections_is_read_back(token: str) -> None:
    """As it was written."""
    schedule = Schedule.parse(token)

    assert schedule.token == token


@pytest.mark.parametrize(
    "token", ["v1,3=0.1,3x0.1", "v1,3t,3t", "v1,3=0.1,3=0.2", "v1,3t0", "v1,3x", "v1,4t,3t"]
)
def test_what_is_no_token(token: str) -> None:
    """Out of order, twice the same, or no such form."""
    with pytest.raises(ValueError, match="not a token"):
        Schedule.parse(token)


def test_the_points_of_a_sweep() -> None:
    """A waits from step 1 until it goes on at 3: two points. B and C go on at once: one each time."""
    moments = [
        Moment(0, [(0,)], [], False),
        Moment(1, [C], [A, C], False),
        Moment(2, [B], [A, B], False),
        Moment(3, [A], [A, B], False),
    ]
    begun, ready = points_of(moments)

    assert begun == [
        Deviation(1, A, "cancel"),
        Deviation(1, C, "cancel"),
        Deviation(2, B, "cancel"),
        Deviation(3, B, "cancel"),
    ]
    assert ready == [Deviation(3, A, "cancel")]


@each_backend
def test_the_sweep_finds_a_leak(backend: str) -> None:
    """Within a few runs, with the cancel alone; without cancels there is nothing."""
    result = explore(leak, backends=[backend], cancellation=True)

    assert explore(leak, backends=[backend], max_schedules=50).failure is None
    assert result.failure is not None
    assert (result.failure.kind, result.failure.deviations) == ("exception", 1)
    assert result.schedules[backend] <= 20
    assert result.failure.is_reproducible


@each_backend
def test_a_cancel_is_replayed_on_either_backend(backend: str) -> None:
    """The same steps, twice on its own, and the same outcome on the other."""
    failure = explore(leak, backends=[backend], cancellation=True).failure
    assert failure is not None
    own, again = (replay(leak, failure.token, backend=backend) for _ in range(2))
    other = replay(leak, failure.token, backend=OTHER[backend])

    assert own == again
    assert (own.token, own.divergence) == (failure.token, None)
    assert own.outcome == other.outcome == "AssertionError: 1 lost"


@each_backend
def test_every_cancel_of_a_small_program_is_tried(backend: str) -> None:
    """Then it is proved, and said what that rests on."""
    result = explore(no_leak, backends=[backend], cancellation=True, max_schedules=5000).check()

    assert (result.verdict, result.has_swept) == ("proved", True)
    assert "no more than 1 cancel of a task a run" in str(result.assumption)
    assert "no single cancel of a task in the default order makes it fail" in str(result)


@each_backend
def test_cancels_of_another_strategy(backend: str) -> None:
    """The sweep comes first, whoever chooses the order; nothing is promised then."""
    result = explore(no_leak, backends=[backend], cancellation=True, strategy=Fifo)

    assert (result.failure, result.has_swept, result.covered) == (None, True, -1)


def test_who_awaits_a_cancelled_task_has_not_failed() -> None:
    """On asyncio the program is cancelled with it."""

    async def program() -> None:
        await asyncio.gather(asyncio.sleep(1), asyncio.sleep(2))

    result = explore(program, backends=["asyncio"], cancellation=True)

    assert result.failure is None
    assert result.outcomes == {
        "asyncio": {"[None, None]", "None", "'cancelled'"} & result.outcomes["asyncio"]
    }
    assert "'cancelled'" in result.outcomes["asyncio"]


@each_backend
def test_an_early_timer(backend: str) -> None:
    """Only with a budget that reaches to the timer; it is replayed, on the other backend too."""

    def found(early_timers: float) -> Failure | None:
        return explore(
            late_at_night, backends=[backend], max_schedules=200, early_timers=early_timers
        ).failure

    failure = found(1.0)

    assert (found(0.0), found(0.4)) == (None, None)
    assert failure is not None
    assert failure.token.endswith("t")
    for replayed in (replay(late_at_night, failure.token, backend=name) for name in BACKENDS):
        assert (replayed.outcome, replayed.divergence) == ("AssertionError: not done yet", None)


@each_backend
def test_an_injection_that_is_impossible(backend: str) -> None:
    """The replay goes on without it, and says so."""
    cases = {
        "v1,1x0.9": "at step 1 there was no task 0.9 to cancel",
        "v1,1x0": "at step 1 there was no task 0 to cancel",
        "v1,0t": "at step 0 no timer was near enough to fire early",
        "v1,1=" + ".".join("0" * 9999): f"at step 1 the task {'0.' * 30}... could not run",
        "v1,99t": "at step 99 the run was over, after 8 steps",
    }
    told = {token: replay(no_leak, token, backend=backend).divergence for token in cases}

    assert told == cases


@each_backend
@pytest.mark.parametrize("is_raising", [True, False])
def test_an_invariant(backend: str, is_raising: bool) -> None:
    """The first step after which it does not hold ends the run, whatever the program does afterwards."""
    here = {"sum": 10}

    def is_ten() -> bool:
        assert not is_raising or here["sum"] == 10, "not ten"
        return here["sum"] == 10

    async def transfer() -> None:
        here["sum"] -= 1
        await anyio.lowlevel.checkpoint()
        here["sum"] += 1

    async def program() -> None:
        here["sum"] = 10
        async with anyio.create_task_group() as group:
            group.start_soon(transfer)

    result = explore(program, backends=[backend], invariant=is_ten)
    word = "not ten" if is_raising else "the invariant is_ten does not hold after step 1"

    assert result.failure is not None
    assert (result.failure.kind, result.failure.token) == ("exception", "v1")
    assert result.outcomes[backend] == {f"AssertionError: {word}"}
    assert replay(program, "v1", backend=backend, invariant=is_ten).outcome == f"AssertionError: {word}"
    assert replay(program, "v1", backend=backend).failure is None


def test_outcomes_that_differ() -> None:
    """One backend can end in a way the other can't, and no schedule fails."""

    async def program() -> str:
        return sniffio.current_async_library()

    result = explore(program)

    assert result.failure is not None
    assert (result.verdict, result.failure.kind) == ("failed", "outcomes-differ")
    assert (
        result.failure.report.splitlines()[0] == "outcomes differ: asyncio can end with 'asyncio', trio can't"
    )
    assert explore(program, backends=["trio"]).verdict == "proved"


def test_progress_is_told() -> None:
    """At the beginning and the end of each backend, and in between not too often."""
    told: list[Progress] = []
    explore(no_leak, progress=told.append)
    last = {one.backend: one for one in told}

    assert {backend: one.verdict for backend, one in last.items()} == {"asyncio": "proved", "trio": "proved"}
    assert told[0][:2] == ("asyncio", 1)


def refused() -> dict[str, tuple[type[Exception], str, Callable[[], object]]]:
    """What can't be asked, and what is said then."""

    async def note() -> None:
        pass

    async def program(one: int) -> None:
        pass

    return {
        "cancel what": (TypeError, "is a coroutine", lambda: explore(no_leak())),  # type: ignore[arg-type]
        "needs": (TypeError, "needs arguments", lambda: explore(program)),  # type: ignore[arg-type]
        "number": (TypeError, "3 is no async function", lambda: explore(3)),  # type: ignore[arg-type]
        "sync": (UsageError, "gave None, which can't be awaited", lambda: explore(lambda: None)),  # type: ignore[arg-type,return-value]
        "invariant": (TypeError, "a plain function", lambda: explore(no_leak, invariant=note)),
        "progress": (TypeError, "a plain function", lambda: explore(no_leak, progress=3)),  # type: ignore[arg-type]
        "early": (UsageError, "early_timers=-1", lambda: explore(no_leak, early_timers=-1)),
        "seconds": (UsageError, "max_seconds=0", lambda: explore(no_leak, max_seconds=0)),
        "schedules": (UsageError, "max_schedules=0", lambda: explore(no_leak, max_schedules=0)),
    }


@pytest.mark.parametrize("name", refused())
def test_what_is_refused(name: str) -> None:
    """In one line."""
    error, word, ask = refused()[name]
    with pytest.raises(error, match=word) as raised:
        ask()

    assert "\n" not in str(raised.value)
