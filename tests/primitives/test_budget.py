"""The budget: a count and a clock, one of each thread, and the clock is ours here."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import pytest
from turns import run_in_thread

from anymutex.primitives import budget
from anymutex.primitives.budget import ACQUIRES, SECONDS, Budget, thread_budget


class Clock:
    """Goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0

    def __call__(self) -> float:
        """Tell the time."""
        self.asked += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the module a clock that stands still."""
    fake = Clock()
    monkeypatch.setattr(budget, "monotonic", fake)
    return fake


def full() -> Budget:
    """Give a budget that was filled now."""
    made = Budget()
    made.refill()
    return made


def free_acquires(of: Budget) -> int:
    """Count the acquires until one has to yield."""
    count = 0
    while not of.is_spent():
        count += 1
    return count


def test_a_new_budget_is_spent(clock: Clock) -> None:
    """A thread's first acquire yields: who knows how long it has been running."""
    clock.now = -1.0

    assert Budget().is_spent()


@pytest.mark.usefixtures("clock")
def test_the_count_bounds_cheap_loops() -> None:
    """As many acquires as promised, then one that yields, and so on until it is filled again."""
    one = full()

    assert ACQUIRES == free_acquires(one)
    assert [True, True] == [one.is_spent(), one.is_spent()]
    one.refill()
    assert ACQUIRES == free_acquires(one)


TIMES: dict[str, tuple[float, bool]] = {
    "at once": (0.0, False),
    "half": (SECONDS / 2, False),
    "just before": (SECONDS * 0.999, False),
    "just after": (SECONDS * 1.001, True),
    "long after": (3600.0, True),
    "clock set back": (-1.0, False),
}


@pytest.mark.parametrize("name", TIMES)
def test_the_clock_bounds_slow_loops(name: str, clock: Clock) -> None:
    """A millisecond, however few acquires there were."""
    elapsed, expected = TIMES[name]
    one = full()
    clock.now += elapsed

    assert expected == one.is_spent()


def test_refilling_starts_the_clock_anew(clock: Clock) -> None:
    """The time that others took is not counted."""
    one = full()
    clock.now += 10 * SECONDS
    assert one.is_spent()
    one.refill()

    assert not one.is_spent()


def test_a_spent_count_asks_no_clock(clock: Clock) -> None:
    """It has to yield anyway."""
    one = full()
    free_acquires(one)
    before = clock.asked
    one.is_spent()

    assert before == clock.asked


def test_a_thread_has_one_budget() -> None:
    """Shared by all its locks; another thread has another."""
    mine = thread_budget()

    assert mine is thread_budget()
    assert run_in_thread(thread_budget) is not mine
    assert run_in_thread(lambda: thread_budget() is thread_budget())
