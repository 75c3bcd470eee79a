"""Worker threads are waited for: the schedule of a program that uses them is as certain as any other."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio

from anymutex.errors import UsageError
from anymutex.testing import explore, workers
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

BACKENDS = ["asyncio", "trio"]
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def event() -> Iterator[threading.Event]:
    """Give an event that is set at the end, so that no worker waits for it for ever."""
    event = threading.Event()
    yield event
    event.set()


def a_moment() -> None:
    """Be at work in a worker, long enough for others to overtake if they could."""
    time.sleep(0.0005)


async def two_workers() -> str:
    """Let two tasks write down their names, with a worker between their two steps."""
    said: list[str] = []

    async def say(name: str) -> None:
        said.append(name)
        await anyio.to_thread.run_sync(a_moment)
        said.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(say, "a")
        group.start_soon(say, "b")
    return "".join(said)


async def one_token() -> str:
    """Three workers that have to share one token."""
    limiter = anyio.CapacityLimiter(1)
    ended: list[int] = []
    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(partial(anyio.to_thread.run_sync, ended.append, number, limiter=limiter))
    return str(ended)


async def calls_back() -> str:
    """Workers that ask the loop for something while another task is about."""
    said: list[int] = []
    lock = anyio.Lock()

    async def say_twice(number: int) -> int:
        async with lock:
            said.append(number)
            await anyio.lowlevel.checkpoint()
            said.append(number)
        return number

    def work(number: int) -> int:
        anyio.from_thread.run_sync(said.append, -number)
        return anyio.from_thread.run(say_twice, number)

    async def delegate(number: int) -> None:
        assert number == await anyio.to_thread.run_sync(work, number)

    async with anyio.create_task_group() as group:
        group.start_soon(delegate, 1)
        group.start_soon(delegate, 2)
        group.start_soon(say_twice, 3)
    return str(said)


async def through_a_portal() -> str:
    """A worker that has the loop sleep for an hour."""
    async with anyio.from_thread.BlockingPortal() as portal:
        await anyio.to_thread.run_sync(partial(portal.call, anyio.sleep, 3600))
        await portal.stop()
    return "slept"


async def asyncios_own_ways() -> str:
    """An executor's job that is awaited late, and one that waits for the loop."""

    async def answer() -> str:
        await asyncio.sleep(1)
        return "answer"

    def ask() -> str:
        return asyncio.run_coroutine_threadsafe(answer(), loop).result()

    loop = asyncio.get_running_loop()
    job = loop.run_in_executor(None, a_moment)
    await asyncio.to_thread(a_moment)
    asked = await loop.run_in_executor(None, ask)
    await job
    return asked


async def trios_own_ways() -> str:
    """A worker that waits for trio."""

    async def answer() -> str:
        await trio.sleep(1)
        return "answer"

    return await trio.to_thread.run_sync(partial(trio.from_thread.run, answer))


async def below_a_generator() -> int:
    """A worker that an async generator waits for."""

    async def numbers() -> Any:
        yield await anyio.to_thread.run_sync(len, "four")

    return sum([number async for number in numbers()])


PROGRAMS: list[tuple[Callable[[], Awaitable[object]], list[str], int]] = [
    # program, backends, at least so many different outcomes
    (two_workers, BACKENDS, 4),
    (one_token, BACKENDS, 1),
    (calls_back, BACKENDS, 4),
    (through_a_portal, BACKENDS, 1),
    (asyncios_own_ways, ["asyncio"], 1),
    (trios_own_ways, ["trio"], 1),
    (below_a_generator, BACKENDS, 1),
]


def test_the_same_schedule_again() -> None:
    """Each random one, replayed, takes the same steps to the same end."""
    for program, backends, outcomes in PROGRAMS:
        for backend in backends:
            with runner_of(program, backend) as runner:
                walk, seen = RandomWalk(1), set[str]()
                for _ in range(40):
                    outcome = runner.run(walk)
                    assert outcome is not None
                    again = runner.replay(outcome.schedule)
                    seen.add(outcome.summary)

                    assert (None, program) == (outcome.kind, program)
                    assert (outcome.trace, outcome.summary) == (again.trace, again.summary)
            assert len(seen) >= outcomes, program


@each_backend
def test_a_race_around_a_worker(backend: str) -> None:
    """It is found, and replayed."""
    counter = 0

    async def increment() -> None:
        nonlocal counter
        before = counter
        await anyio.to_thread.run_sync(a_moment)
        counter = before + 1

    async def program() -> None:
        nonlocal counter
        counter = 0
        async with anyio.create_task_group() as group:
            group.start_soon(increment)
            group.start_soon(increment)
        assert counter == 2, f"counted {counter}"

    failure = explore(program, backends=[backend]).failure

    assert failure is not None
    assert (failure.kind, failure.is_reproducible) == ("exception", True)


@each_backend
def test_time_stands_still_while_a_worker_runs(backend: str) -> None:
    """A time limit does not strike meanwhile, and does afterwards."""

    async def program() -> tuple[float, bool]:
        began = anyio.current_time()
        with anyio.move_on_after(1) as scope:
            await anyio.to_thread.run_sync(time.sleep, 0.01)
            worked = anyio.current_time() - began
            await anyio.sleep(2)
        return worked, scope.cancelled_caught

    assert {"(0.0, True)"} == explore(program, backends=[backend]).outcomes[backend]


def test_a_deadlock_through_a_worker() -> None:
    """It waits for the loop, and nobody will ever answer. On trio its own task would, and holds the lock."""

    async def program() -> None:
        lock = anyio.Lock()
        async with lock:
            await anyio.to_thread.run_sync(partial(anyio.from_thread.run, lock.acquire))

    failure = explore(program, backends=["asyncio"]).failure

    assert failure is not None
    assert failure.kind == "deadlock"


@each_backend
def test_a_worker_that_does_not_come_back(
    backend: str, event: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused after a while, with the line where it stands; never taken for a deadlock."""
    monkeypatch.setattr(workers, "PATIENCE", 0.05)

    def work() -> None:
        event.wait()

    async def program() -> None:
        await anyio.to_thread.run_sync(work)

    with pytest.raises(UsageError, match=r"worker thread that does not come back: .* at .*test_workers\.py:"):
        explore(program, backends=[backend])
    assert explore(two_workers, backends=[backend]).verdict == "proved"


def test_a_job_that_nobody_waits_for_is_waited_for_by_us() -> None:
    """It does not reach into the next run."""
    ended: list[int] = []

    def work() -> None:
        a_moment()
        ended.append(1)

    async def program() -> int:
        ended_before = len(ended)
        asyncio.get_running_loop().run_in_executor(None, work)
        return ended_before

    with runner_of(program, "asyncio") as runner:
        seen = [runner.run(RandomWalk(number)) for number in range(3)]

    assert [outcome.summary for outcome in seen if outcome] == ["0", "1", "2"]


@each_backend
def test_a_thread_of_the_programs_own_is_refused_where_it_may_matter(
    backend: str, event: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that stands still because of it is not called deadlocked."""
    monkeypatch.setattr("anymutex.testing.patience.LAST", 0.01)

    def work() -> None:
        event.wait()

    async def program() -> None:
        threading.Thread(target=work, name="mine", daemon=True).start()
        await anyio.Event().wait()

    with pytest.raises(UsageError, match=r"threads that a program starts by itself \(mine\)"):
        explore(program, backends=[backend])


@each_backend
def test_another_loop_in_a_thread_is_at_work_also_while_it_is_idle(
    backend: str, event: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the program's own is in the stack of its thread then; a blocking portal is such a thread."""
    monkeypatch.setattr("anymutex.testing.patience.LAST", 0.01)

    async def serve() -> None:
        while not event.is_set():  # noqa: ASYNC110
            await anyio.sleep(0.01)

    async def program(other: str) -> None:
        threading.Thread(target=anyio.run, args=(serve,), kwargs={"backend": other}, name="mine").start()
        await anyio.Event().wait()

    for other in ("asyncio", "trio"):
        with pytest.raises(UsageError, match=r"threads that a program starts by itself \(mine\)"):
            explore(partial(program, other), backends=[backend])


@each_backend
def test_the_loop_of_the_test_itself_is_nobodys_worker(backend: str) -> None:
    """It was there before, and it waits for us."""

    async def deadlock() -> None:
        await anyio.Event().wait()

    async def main() -> str:
        failure = explore(deadlock, backends=[backend]).failure
        return failure.kind if failure else "none"

    assert [anyio.run(main, backend=loop) for loop in ("asyncio", "trio")] == ["deadlock"] * 2
