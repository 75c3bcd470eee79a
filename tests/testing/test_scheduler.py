"""The core of a run, driven here by plain function calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from anymutex.testing.choices import Deviation, Schedule
from anymutex.testing.runner import runner_of
from anymutex.testing.scheduler import Limits, Scheduler
from anymutex.testing.strategy import Fifo, Replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anymutex.testing.choices import TaskId


class Last(Fifo):
    """Chooses whoever came last."""

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """The opposite of what the loop does."""
        return queue[-1]


class Broken(Fifo):
    """A strategy with a bug."""

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """Raise."""
        raise ZeroDivisionError


class Stranger(Fifo):
    """A strategy that chooses who isn't there."""

    def choose(self, queue: Sequence[TaskId], trace: Sequence[TaskId]) -> TaskId:
        """Nobody ever starts so many tasks."""
        return (9, 9, 9)


def three_tasks(scheduler: Scheduler) -> Scheduler:
    """Start a program that has started two tasks, `a` and `b`; all can run."""
    scheduler.spawned("main", None, "main")
    scheduler.spawned("a", "main", "worker")
    scheduler.spawned("b", "main", "worker")
    for task in ("b", "main", "a"):
        scheduler.woke(task)
    return scheduler


def test_a_task_is_named_by_its_spawn_path() -> None:
    """In whatever order the tasks run."""
    scheduler = three_tasks(Scheduler(Fifo()))
    scheduler.spawned("c", "b", "grandchild")

    assert [scheduler.id_of(task) for task in scheduler.alive] == [(0,), (0, 0), (0, 1), (0, 1, 0)]


def test_who_woke_together_stands_in_the_order_of_spawn_paths() -> None:
    """The order in which a loop tells of them is its own affair."""
    scheduler = three_tasks(Scheduler(Fifo()))

    assert [scheduler.pick() for _ in range(3)] == ["main", "a", "b"]
    assert scheduler.schedule == Schedule()


def test_who_woke_earlier_stands_first() -> None:
    """A later wake-up of a lower spawn path does not overtake."""
    scheduler = three_tasks(Scheduler(Fifo()))
    scheduler.pick()
    scheduler.woke("main")

    assert [scheduler.pick() for _ in range(3)] == ["a", "b", "main"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_yields_goes_behind_those_he_has_woken(backend: str) -> None:
    """As both loops have it: the default order runs a task that was started before who started it goes on."""
    order: list[str] = []

    async def note(name: str) -> None:
        order.append(name)

    async def program() -> list[str]:
        order.clear()
        async with anyio.create_task_group() as group:
            group.start_soon(note, "first")
            group.start_soon(note, "second")
            await anyio.lowlevel.checkpoint()
            await note("main")
        return order

    with runner_of(program, backend) as runner:
        outcome = runner.replay(Schedule())

    assert outcome.summary == "['first', 'second', 'main']"


def test_a_choice_is_kept_as_a_deviation() -> None:
    """Steps without a choice are never one."""
    scheduler = three_tasks(Scheduler(Last()))

    assert [scheduler.pick() for _ in range(3)] == ["b", "a", "main"]
    assert scheduler.schedule.token == "v1,0=0.1,1=0.0"


def test_a_replay_does_the_same_again() -> None:
    """From the token alone."""
    replay = Replay(Schedule.parse("v1,0=0.1,1=0.0"))
    assert replay.begin()
    scheduler = three_tasks(Scheduler(replay))

    assert [scheduler.pick() for _ in range(3)] == ["b", "a", "main"]
    scheduler.end()
    assert replay.divergence is None


@pytest.mark.parametrize(
    ("deviation", "said"),
    [
        (Deviation(0, (0, 7)), "at step 0 the task 0.7 could not run"),
        (Deviation(2, (0, 0)), "at step 2 the task 0.0 could not run"),
        (Deviation(99, (0,)), "at step 99 the run was over, after 3 steps"),
    ],
)
def test_a_replay_names_its_first_divergence(deviation: Deviation, said: str) -> None:
    """And goes on in the default order: a task that isn't there, one that is alone, a run that is shorter."""
    replay = Replay(Schedule((deviation,)))
    replay.begin()
    scheduler = three_tasks(Scheduler(replay))

    assert [scheduler.pick() for _ in range(3)] == ["main", "a", "b"]
    scheduler.end()
    assert said == replay.divergence


@pytest.mark.parametrize(("strategy", "error"), [(Broken(), ZeroDivisionError), (Stranger(), ValueError)])
def test_a_broken_strategy_hangs_nobody(strategy: Fifo, error: type[Exception]) -> None:
    """The run goes on in the default order, and the error is there to be raised afterwards."""
    scheduler = three_tasks(Scheduler(strategy))

    assert [scheduler.pick() for _ in range(3)] == ["main", "a", "b"]
    assert type(scheduler.error) is error


def test_after_many_steps_the_order_is_fair() -> None:
    """Two that spin for ever get their turns; it is a livelock when that helps neither."""
    scheduler = three_tasks(Scheduler(Last(), Limits(fair_after=10, fair_turns=3)))
    while not scheduler.stopped:
        scheduler.woke(scheduler.pick())

    assert scheduler.stopped == "livelock"
    assert set(scheduler.trace[:10]) == {(0, 1)}
    assert scheduler.trace[10:13] == [(0,), (0, 0), (0, 1)]
    assert len(scheduler.trace) == 21


def test_many_tasks_are_no_livelock() -> None:
    """Each has a few turns without a jump of the clock, which together are many steps."""
    scheduler = Scheduler(Fifo())
    scheduler.spawned("main", None, "main")
    tasks = [f"task {number}" for number in range(1000)]
    for task in tasks:
        scheduler.spawned(task, "main", task)
    for turn in range(6):
        for task in tasks:
            scheduler.woke(task)
        for task in tasks:
            assert scheduler.pick() == task
            if turn == 5:
                scheduler.exited(task)

    assert scheduler.stopped is None
    assert len(scheduler.trace) == 6_000


def test_starts_and_ends_put_a_livelock_off() -> None:
    """As long as there are some; the fair order begins as early as ever."""
    scheduler = three_tasks(Scheduler(Last(), Limits(fair_after=10, fair_turns=3)))
    for number in range(30):
        scheduler.spawned(number, "main", "one more")
        scheduler.exited(number)
        scheduler.woke(scheduler.pick())
    is_stopped = scheduler.stopped
    while not scheduler.stopped:
        scheduler.woke(scheduler.pick())

    assert (is_stopped, scheduler.stopped) == (None, "livelock")
    assert scheduler.trace[10:13] == [(0,), (0, 0), (0, 1)]
    assert len(scheduler.trace) == 29 + 10 + 1  # the last end came before the 30th step


def test_a_jump_of_the_clock_is_no_livelock() -> None:
    """A heartbeat may beat for ever, as far as its steps go."""
    scheduler = Scheduler(Fifo(), Limits(fair_after=10))
    scheduler.spawned("main", None, "main")
    for now in range(100):
        scheduler.jump(now)
        scheduler.woke("main")
        scheduler.pick()

    assert scheduler.stopped is None


@pytest.mark.parametrize(("has_old_timer", "stopped"), [(False, "hang"), (True, None)])
def test_heartbeats_alone_are_a_hang(has_old_timer: bool, stopped: str | None) -> None:
    """Unless somebody has been asleep all the time and will wake."""
    scheduler = three_tasks(Scheduler(Fifo()))
    for now in range(200):
        scheduler.jump(now, lambda: has_old_timer)
        scheduler.woke("a")
        scheduler.pick()

    assert stopped == scheduler.stopped


def test_one_long_sleep_is_no_hang() -> None:
    """However long it is: the clock jumps once."""
    scheduler = three_tasks(Scheduler(Fifo()))
    scheduler.jump(1e9)

    assert scheduler.stopped is None


def test_what_comes_after_the_stop_is_not_in_the_trace() -> None:
    """It is the tool that cancels; the program did not choose that. Nor does the strategy."""
    scheduler = three_tasks(Scheduler(Last()))
    scheduler.stop("deadlock")
    scheduler.stop("livelock")

    assert [scheduler.pick() for _ in range(3)] == ["main", "a", "b"]
    assert scheduler.trace == []
    assert scheduler.stopped == "deadlock"


def test_no_reference_to_an_ended_task_is_kept() -> None:
    """asyncio tells of errors that nobody asked for when the task is collected."""
    scheduler = three_tasks(Scheduler(Fifo()))
    scheduler.exited("a")

    assert scheduler.alive == ["main", "b"]
    assert [scheduler.pick() for _ in range(2)] == ["main", "b"]
