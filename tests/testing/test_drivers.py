"""The real asyncio and the real trio take one step at a time, the same on both."""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import socket
import threading
import time
from contextlib import closing
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio
from drivers import DRIVERS, drive

from anymutex import DeadlockError, Mutex, probe
from anymutex.testing.driven_loop import DrivenLoop
from anymutex.testing.driver_asyncio import AsyncioDriver
from anymutex.testing.driver_trio import TrioDriver
from anymutex.testing.outcome import leaves_of
from anymutex.testing.scheduler import SWALLOWED, Limits, Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from anymutex.testing.driver import Driver

SHORT = Limits(fair_after=100, hang_seconds=5, hang_jumps=5)


@pytest.fixture(params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Give the driver of one backend, and close it."""
    driver = DRIVERS[request.param]()
    yield driver
    driver.close()


async def two_tasks() -> list[str]:
    """Let two tasks write down their names, with a checkpoint between their two steps."""
    said: list[str] = []

    async def say(name: str) -> None:
        said.append(name)
        await anyio.lowlevel.checkpoint()
        said.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(say, "a")
        group.start_soon(say, "b")
    return said


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("v1", "abab"),
        ("v1,1=0.1", "baba"),
        ("v1,2=0.0", "aabb"),
        ("v1,1=0.1,2=0.1", "bbaa"),
        ("v1,3=0.1", "abba"),
    ],
)
def test_steps_are_taken_in_the_order_of_the_token(driver: Driver, token: str, said: str) -> None:
    """Not otherwise than the loop could."""
    ended, scheduler = drive(driver, two_tasks, token)

    assert list(said) == ended.value
    assert token == scheduler.schedule.token
    assert len(scheduler.trace) == 6


def test_a_program_that_never_awaits(driver: Driver) -> None:
    """It is one step."""

    async def program() -> int:
        return 5

    ended, scheduler = drive(driver, program)

    assert ended.value == 5
    assert scheduler.trace == [(0,)]


def test_an_exception_is_kept(driver: Driver) -> None:
    """In its group, as it came."""

    async def program() -> None:
        raise KeyError("x")

    ended, _ = drive(driver, program)

    assert isinstance(ended.error, KeyError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_program_may_raise_what_ends_others(driver: Driver, error: type[BaseException]) -> None:
    """It is not ours: we have not been interrupted."""

    async def program() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    ended, _ = drive(driver, program)

    assert isinstance(ended.error, error)


def test_sleeping_takes_no_time(driver: Driver) -> None:
    """The clock jumps, in the order of the deadlines, and begins at the same time in each run."""

    async def program() -> tuple[list[int], float]:
        woken: list[int] = []
        began = anyio.current_time()

        async def sleep(hours: int) -> None:
            await anyio.sleep(3600 * hours)
            woken.append(hours)

        async with anyio.create_task_group() as group:
            for hours in (3, 1, 2):
                group.start_soon(sleep, hours)
        return woken, round(anyio.current_time() - began)

    began = time.monotonic()
    for _ in range(2):
        ended, _ = drive(driver, program)

        assert ended.value == ([1, 2, 3], 3 * 3600)
    assert time.monotonic() - began < 2


def test_a_deadline_ends_a_wait(driver: Driver) -> None:
    """Without anybody else."""

    async def program() -> bool:
        with anyio.move_on_after(10) as scope:
            await anyio.Event().wait()
        return scope.cancelled_caught

    assert drive(driver, program)[0].value is True


def test_a_timer_at_infinity_is_none(driver: Driver) -> None:
    """Who has no other hope sleeps for ever, and is told alike; others end the sleep."""

    async def alone() -> None:
        await anyio.sleep(math.inf)

    async def with_a_child() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)

    async def with_a_limit() -> float:
        with anyio.move_on_after(3):
            await anyio.sleep_forever()
        return anyio.current_time()

    async def in_the_background() -> float:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            await anyio.sleep(5)
            group.cancel_scope.cancel()
        return anyio.current_time()

    for program, wants in (
        (alone, ["sleep"]),
        (with_a_child, ["the end of its TaskGroup", "sleep_forever"]),
    ):
        ended, scheduler = drive(driver, program)

        assert scheduler.stopped == "deadlock"
        assert [one.wants for one in ended.blocked] == wants
        assert ended.blocked[-1].words == f"waiting in {wants[-1]}"

    assert [drive(driver, program)[0].value for program in (with_a_limit, in_the_background)] == [3.0, 5.0]


def test_a_timer_far_away_is_jumped_to(driver: Driver) -> None:
    """Also where asyncio would wait for a day at most, and where its clock has no finer steps."""

    async def program() -> float:
        for seconds in (1e18, 0.5, 1e17, 1.0):
            await anyio.sleep(seconds)
        with anyio.move_on_after(1e17):
            await anyio.Event().wait()
        return anyio.current_time()

    ended, scheduler = drive(driver, program)

    assert ended.value == 1.2e18
    assert scheduler.jumps <= 5


def test_a_deadlock_is_seen_and_ends(driver: Driver) -> None:
    """Each task is named by its path, with what it wants and who has that; `finally` blocks are run."""
    undone: list[str] = []

    async def take(one: anyio.Lock, two: anyio.Lock) -> None:
        try:
            async with one:
                await anyio.sleep(1)
                async with two:
                    pass
        finally:
            undone.append("taker")

    async def program() -> None:
        a, b = anyio.Lock(), anyio.Lock()
        async with anyio.create_task_group() as group:
            group.start_soon(take, a, b)
            group.start_soon(take, b, a)

    ended, scheduler = drive(driver, program)

    assert scheduler.stopped == "deadlock"
    assert [(one.task, one.wants, one.owners) for one in ended.blocked] == [
        ((0,), "the end of its TaskGroup", ((0, 0), (0, 1))),
        ((0, 0), "Lock.acquire", ((0, 1),)),
        ((0, 1), "Lock.acquire", ((0, 0),)),
    ]
    assert ended.blocked[1].places[-1].text == "async with two:"
    assert undone == ["taker", "taker"]
    assert ended.leftovers == ()


def test_a_shielded_task_does_not_hang_us(driver: Driver) -> None:
    """Nothing but us ends it, and the next run begins afresh."""

    async def program() -> None:
        async with anyio.create_task_group():
            with anyio.CancelScope(shield=True):
                await anyio.Event().wait()

    _, scheduler = drive(driver, program)

    assert scheduler.stopped == "deadlock"
    assert drive(driver, two_tasks)[0].value == list("abab")


def test_who_swallows_cancellation_does_not_hang_us(driver: Driver) -> None:
    """A loop that never ends is a livelock, and its task is named as left over."""

    async def program() -> None:
        while True:
            try:
                await anyio.lowlevel.checkpoint()
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise

    ended, scheduler = drive(driver, program, limits=SHORT)

    assert scheduler.stopped == "livelock"
    assert ended.leftovers == ("main",)
    assert drive(driver, two_tasks)[0].value == list("abab")


def test_who_swallows_cancellation_inside_of_groups_does_not_hang_us(driver: Driver) -> None:
    """He alone is made to end. The tasks around him end by themselves, and close their groups."""

    async def stubborn() -> None:
        while True:
            try:
                await anyio.lowlevel.checkpoint()
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise

    async def group_of(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(work, name="worker")

    ended, scheduler = drive(driver, partial(group_of, partial(group_of, stubborn)), limits=SHORT)

    assert scheduler.stopped == "livelock"
    assert "worker" in ended.leftovers
    assert drive(driver, two_tasks)[0].value == list("abab")


def test_many_tasks_that_end_when_cancelled_swallow_nothing(driver: Driver) -> None:
    """Each takes its steps to end; that are more than a few tasks would be allowed."""

    async def program() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(SWALLOWED):
                group.start_soon(anyio.Event().wait)

    ended, scheduler = drive(driver, program)

    assert scheduler.steps_since_stop > SWALLOWED
    assert (scheduler.stopped, ended.leftovers) == ("deadlock", ())


def test_a_hang_beside_a_heartbeat(driver: Driver) -> None:
    """Something always happens, and nothing ever comes of it."""

    async def beat() -> None:
        while True:  # noqa: ASYNC110  # it waits for nothing
            await anyio.sleep(1)

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(beat)
            await anyio.Event().wait()

    ended, scheduler = drive(driver, program, limits=SHORT)

    assert scheduler.stopped == "hang"
    assert "Event.wait" in {one.wants for one in ended.blocked}


def test_a_long_sleep_beside_a_heartbeat_is_no_hang(driver: Driver) -> None:
    """Nor is a long time limit: they end by themselves."""

    async def beat() -> None:
        while True:  # noqa: ASYNC110  # it waits for nothing
            await anyio.sleep(1)

    async def program() -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(beat)
            await anyio.sleep(100)
            with anyio.move_on_after(100):
                await anyio.Event().wait()
            group.cancel_scope.cancel()
        return "done"

    assert drive(driver, program, limits=SHORT)[0].value == "done"


def test_cancelling_a_scope_is_no_livelock(driver: Driver) -> None:
    """anyio puts the delivery of it back into the loop again and again."""

    async def program() -> str:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(anyio.sleep_forever)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        return "done"

    ended, scheduler = drive(driver, program, limits=SHORT)

    assert ended.value == "done"
    assert len(scheduler.trace) < 30


def test_all_tasks_blocked_is_no_deadlock(driver: Driver) -> None:
    """Who waits for just that is woken."""

    async def program() -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        return "done"

    assert drive(driver, program)[0].value == "done"


def test_a_socket_may_be_waited_for(driver: Driver) -> None:
    """Data that is on its way arrives, though no time passes."""

    async def program() -> bytes:
        left, right = socket.socketpair()
        async with (
            await anyio.abc.SocketStream.from_socket(left) as sender,
            await anyio.abc.SocketStream.from_socket(right) as receiver,
            anyio.create_task_group() as group,
        ):
            group.start_soon(sender.send, b"hello")
            received = await receiver.receive()
        return received

    assert drive(driver, program)[0].value == b"hello"


def test_a_mutex_is_a_choice_each_time(driver: Driver) -> None:
    """`probe.driven` is set while the program runs, and not afterwards."""

    async def program() -> bool:
        for _ in range(5):
            async with Mutex():
                pass
        return threading.get_ident() in probe.driven

    ended, scheduler = drive(driver, program)

    assert ended.value is True
    assert len(scheduler.trace) == 6
    assert not probe.driven


def test_a_ring_of_mutexes_raises_by_itself(driver: Driver) -> None:
    """Its report is better than ours."""

    async def take(one: Mutex, two: Mutex) -> None:
        async with one:
            await anyio.sleep(1)
            async with two:
                pass

    async def program() -> None:
        a, b = Mutex("a"), Mutex("b")
        async with anyio.create_task_group() as group:
            group.start_soon(take, a, b)
            group.start_soon(take, b, a)

    ended, _ = drive(driver, program)

    assert isinstance(ended.error, ExceptionGroup)
    assert ended.error.subgroup(DeadlockError)


def test_a_program_may_block_the_loop(driver: Driver) -> None:
    """Real time is nobody's time here."""

    async def program() -> float:
        began = anyio.current_time()
        time.sleep(0.01)  # noqa: ASYNC251  # on purpose
        return anyio.current_time() - began

    assert drive(driver, program)[0].value == 0.0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_child_may_raise_what_ends_others(driver: Driver, error: type[BaseException]) -> None:
    """It arrives in the group of its parent, and the next run begins afresh."""

    async def interrupt() -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(interrupt)
            group.start_soon(anyio.sleep_forever)

    ended, _ = drive(driver, program)

    assert [error] == [type(leaf) for leaf in leaves_of(ended.error)]
    assert drive(driver, two_tasks)[0].value == list("abab")


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio says so, and closes it
def test_each_run_begins_at_zero_with_nothing_of_the_last_one(driver: Driver) -> None:
    """The time, to the last bit; context variables; an async generator that was left open in a cycle."""
    variable: ContextVar[int] = ContextVar("variable", default=0)
    closed: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            closed.append("numbers")

    async def program() -> tuple[float, int]:
        began, found = anyio.current_time(), variable.get()
        variable.set(1)
        left: list[object] = [numbers()]
        left.append(left)
        await anext(left[0])  # type: ignore[call-overload]
        await anyio.sleep(0.1)
        return began, found

    for _ in range(3):
        ended, scheduler = drive(driver, program)
        gc.collect()

        assert ended.value == (0.0, 0)
        assert len(scheduler.trace) == 2
    drive(driver, two_tasks)

    assert closed == ["numbers"] * 3


def test_memory_stays_as_it_is(driver: Driver) -> None:
    """A hundred runs more leave no object behind."""

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(20):
        drive(driver, two_tasks)
    before = objects()
    for _ in range(100):
        drive(driver, two_tasks)

    assert objects() - before < 20


@pytest.mark.parametrize("method", ["spawned", "woke", "pick", "stepped", "exited", "jump"])
def test_an_error_of_our_own_is_raised_and_hangs_nobody(
    driver: Driver, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it happens; loops would only log it. The next run begins afresh."""

    def fail(*args: object) -> None:
        if next(calls) >= 1:
            raise ZeroDivisionError(method)
        original(*args)

    async def program() -> None:
        async with anyio.create_task_group() as group:
            for seconds in (1, 2, 3):
                group.start_soon(anyio.sleep, seconds)
            with anyio.CancelScope(shield=True):
                await anyio.sleep(10)

    calls = itertools.count(1)
    original = getattr(Scheduler, method)
    with monkeypatch.context() as patch:
        patch.setattr(Scheduler, method, fail)
        with pytest.raises(ZeroDivisionError, match=method):
            drive(driver, program)

    assert drive(driver, two_tasks)[0].value == list("abab")


def test_many_runs_in_one_run_of_trio() -> None:
    """Until one leaves something behind: a system task, a token, a task that nothing cancels."""

    async def token() -> trio.lowlevel.TrioToken:
        return trio.lowlevel.current_trio_token()

    async def leave_a_system_task() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever)

    async def keep_a_token() -> None:
        trio.to_thread.current_default_thread_limiter().acquire_on_behalf_of_nowait(object())

    async def cling() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep_forever()

    with closing(TrioDriver()) as driver:
        tokens = [drive(driver, token)[0].value for _ in range(5)]

        assert len(set(tokens)) == 1
        for leave in (leave_a_system_task, keep_a_token, cling):
            before = drive(driver, token)[0].value
            drive(driver, leave)

            assert drive(driver, token)[0].value is not before


def test_a_callback_that_puts_itself_back_starves_nobody() -> None:
    """Nor do tasks starve it."""

    async def program() -> int:
        count = 0

        def again() -> None:
            nonlocal count
            count += 1
            if not done:
                loop.call_soon(again)

        done = False
        loop = asyncio.get_running_loop()
        again()
        for _ in range(5):
            await asyncio.sleep(0)
        done = True
        return count

    with closing(AsyncioDriver()) as driver:
        ended, scheduler = drive(driver, program)

    assert len(scheduler.trace) == 6
    assert ended.value > 5


def test_an_exception_that_nobody_has_seen_is_told_in_its_own_run() -> None:
    """asyncio tells when it is collected, which must not be runs later."""

    async def fail() -> None:
        raise KeyError("unseen")

    async def program() -> None:
        asyncio.create_task(fail())  # noqa: RUF006  # on purpose
        await asyncio.sleep(1)

    with closing(AsyncioDriver()) as driver:
        ended, _ = drive(driver, program)
        again, _ = drive(driver, two_tasks)

    [complaint] = ended.complaints
    assert complaint.text == "Task exception was never retrieved: KeyError: 'unseen'"
    assert [place.text for place in complaint.raised[0].places] == ['raise KeyError("unseen")']
    assert again.complaints == ()


def test_an_error_of_a_done_callback_is_kept() -> None:
    """asyncio would only log it."""

    async def program() -> None:
        task = asyncio.create_task(asyncio.sleep(0))
        task.add_done_callback(lambda task: 1 // 0)
        await task
        await asyncio.sleep(0)

    with closing(AsyncioDriver()) as driver:
        ended, _ = drive(driver, program)
    [complaint] = ended.complaints

    assert "ZeroDivisionError" in complaint.text


def test_a_task_left_behind_is_cancelled_with_the_run() -> None:
    """As `asyncio.run` does; it is no deadlock."""
    ends: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ends.append("lingerer")

    async def program() -> None:
        global_tasks.append(asyncio.create_task(linger()))
        await asyncio.sleep(0)

    global_tasks: list[asyncio.Task[None]] = []
    with closing(AsyncioDriver()) as driver:
        ended, scheduler = drive(driver, program)

    assert ends == ["lingerer"]
    assert ended.leftovers == ()
    assert scheduler.stopped == "over"


def test_what_asyncio_would_only_log_is_kept() -> None:
    """The exception of a callback."""

    async def program() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with closing(AsyncioDriver()) as driver:
        ended, _ = drive(driver, program)
    [complaint] = ended.complaints

    assert "ZeroDivisionError" in complaint.text


def test_the_loop_overrides_only_public_names() -> None:
    """A private name of asyncio that we used by accident would break something sooner or later."""
    with closing(asyncio.SelectorEventLoop()) as plain, closing(DrivenLoop()) as driven:
        private = {name for name in dir(plain) if name.startswith("_") and not name.startswith("__")}
        own = {*vars(DrivenLoop), *(vars(driven).keys() - vars(plain).keys())}

        assert not private & own
