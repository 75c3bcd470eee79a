# ruff: noqa: SIM300  # expected == actual, as everywhere in these tests
"""Budget: a count, a clock, and equal parts for all who yielded in one turn."""

from __future__ import annotations

import threading

import anyio
import pytest
from anyio.lowlevel import checkpoint

from anymutex import Mutex
from anymutex.primitives import budget as module
from anymutex.primitives.budget import ACQUIRES, SECONDS, Budget, thread_budget


class Clock:
    """Stands still until it is told to move."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock that budgets go by."""
    made = Clock()
    monkeypatch.setattr(module, "monotonic", made)
    return made


def after_a_yield(budget: Budget) -> Budget:
    """Let the only user of `budget` yield."""
    budget.after_yield(budget.before_yield())
    return budget


def until_spent(budget: Budget) -> int:
    """Count the acquires that need not yield."""
    count = 0
    while not budget.is_spent():
        count += 1
    return count


@pytest.mark.usefixtures("clock")
def test_a_new_budget_is_spent() -> None:
    """The first acquire of a thread yields."""
    assert Budget().is_spent()


@pytest.mark.usefixtures("clock")
def test_the_count_bounds_cheap_loops() -> None:
    """As many acquires as promised, then one that yields, and so on."""
    one = Budget()

    assert [ACQUIRES, ACQUIRES] == [until_spent(after_a_yield(one)) for _ in range(2)]
    assert one.is_spent()


def test_the_clock_bounds_loops_that_compute(clock: Clock) -> None:
    """However few acquires there were."""
    one = after_a_yield(Budget())
    clock.now += SECONDS * 0.9
    early = one.is_spent()
    clock.now += SECONDS * 0.2

    assert (False, True) == (early, one.is_spent())


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("count", [1, 2, 3, 10, 64, 100])
def test_those_who_yielded_in_one_turn_share_the_next(count: int) -> None:
    """Equal parts, which together are no more than one task alone would get."""
    one = Budget()
    turns = [one.before_yield() for _ in range(count)]
    parts = []
    for turn in turns:
        one.after_yield(turn)
        parts.append(until_spent(one))

    assert {ACQUIRES // count} == set(parts)


def test_the_clock_is_shared_too(clock: Clock) -> None:
    """Two tasks get half of the time each."""
    one = Budget()
    turns = [one.before_yield(), one.before_yield()]
    one.after_yield(turns[0])
    clock.now += SECONDS * 0.6

    assert one.is_spent()


def test_each_thread_has_its_own() -> None:
    """And always the same one."""
    others: list[Budget] = []
    thread = threading.Thread(target=lambda: others.append(thread_budget()))
    thread.start()
    thread.join()

    assert thread_budget() is thread_budget()
    assert others[0] is not thread_budget()


@pytest.mark.parametrize("count", [1, 20, 100])
async def test_many_looping_tasks_delay_the_others_no_more_than_one(count: int) -> None:
    """Between two steps of a task that only yields there are few acquires, however many tasks loop."""
    acquired = 0

    async def loop() -> None:
        nonlocal acquired
        lock = Mutex()
        while True:
            async with lock:
                acquired += 1

    gaps = []
    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(loop)
        for _ in range(30):
            before = acquired
            await checkpoint()
            gaps.append(acquired - before)
        group.cancel_scope.cancel()

    # Each task may take one lock a turn whatever is left: it has yielded for it.
    assert max(gaps[5:]) <= 2 * (ACQUIRES + count)
