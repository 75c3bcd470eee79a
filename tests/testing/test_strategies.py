"""Each strategy on trees of schedules that are known: tasks that only take steps."""

from __future__ import annotations

from collections import Counter
from math import factorial, prod
from typing import TYPE_CHECKING

import pytest

from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.exhaustive import Exhaustive
from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.pct import Pct
from anymutex.testing.pos import Pos
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.strategy import ALL, NONE, Fifo
from anymutex.testing.urw import Urw

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.choices import TaskId
    from anymutex.testing.strategy import Strategy

ENDLESS: list[Callable[[int], Strategy]] = [RandomWalk, Urw, Pos, Pct]
EVERY: list[Callable[[int], Strategy]] = [*ENDLESS, Fifo, Exhaustive, FewDeviations, DefaultPlan]


def run(strategy: Strategy, *lengths: int) -> tuple[TaskId, ...] | None:
    """Let tasks of so many steps each run to their ends, each going to the end of the queue after a step."""
    if not strategy.begin():
        return None
    left: dict[TaskId, int] = {(index,): length for index, length in enumerate(lengths)}
    queue: list[TaskId] = list(left)
    trace: list[TaskId] = []
    while queue:
        task = strategy.choose(queue, trace) if len(queue) > 1 else queue[0]
        trace.append(task)
        left[task] -= 1
        queue.remove(task)
        if left[task]:
            queue.append(task)
    strategy.end(trace)
    return tuple(trace)


def number_of_schedules(*lengths: int) -> int:
    """In how many orders the steps can come."""
    return factorial(sum(lengths)) // prod(map(factorial, lengths))


@pytest.mark.parametrize("make", [Exhaustive, FewDeviations])
@pytest.mark.parametrize("lengths", [(1,), (3, 3), (2, 2, 2), (1, 2, 3), (5, 1), (1, 1, 1, 1)])
def test_each_schedule_is_run_exactly_once(make: Callable[[int], Strategy], lengths: tuple[int, ...]) -> None:
    """And not before all of them were is it said so."""
    strategy = make(0)
    traces = set()
    for _ in range(number_of_schedules(*lengths)):
        assert strategy.covered != ALL
        traces.add(run(strategy, *lengths))

    assert strategy.covered == ALL
    assert run(strategy, *lengths) is None
    assert len(traces) == number_of_schedules(*lengths)


def test_few_deviations_come_first() -> None:
    """The default order, then one task overtakes and goes on, and so on; each level is claimed when done."""
    strategy = FewDeviations(0)
    covered = []
    while run(strategy, 2, 2, 2) is not None:
        covered.append(strategy.covered)

    assert covered[0] == 0
    assert sorted(covered) == covered
    assert covered.count(NONE) == 0
    assert 1 in covered
    assert covered[-1] == ALL


def test_who_overtakes_goes_on() -> None:
    """One deviation lets a task run from one end to the other."""
    strategy = FewDeviations(0)
    first_level = []
    while strategy.covered < 1:
        first_level.append(run(strategy, 3, 3))

    assert ((1,), (1,), (1,), (0,), (0,), (0,)) in first_level


@pytest.mark.parametrize("make", EVERY)
def test_the_same_seed_gives_the_same_schedules(make: Callable[[int], Strategy]) -> None:
    """However often they are drawn."""
    one, other = ([run(strategy, 3, 2, 4) for _ in range(30)] for strategy in (make(7), make(7)))

    assert one == other


@pytest.mark.parametrize("make", ENDLESS)
def test_drawing_reaches_every_schedule(make: Callable[[int], Strategy]) -> None:
    """Sooner or later, without ever promising anything."""
    strategy = make(1)
    traces = {run(strategy, 2, 2) for _ in range(200)}

    assert len(traces) == number_of_schedules(2, 2)
    assert strategy.covered == NONE


def test_urw_draws_schedules_evenly() -> None:
    """Where a plain walk hardly ever lets the single step of one task come last of ten."""

    def share_of_the_rarest(strategy: Strategy) -> float:
        counts = Counter(run(strategy, 9, 1) for _ in range(1000))
        return min(counts.values()) / 1000 if len(counts) == 10 else 0

    assert share_of_the_rarest(Urw(3)) > 0.05
    assert share_of_the_rarest(RandomWalk(3)) < 0.01


def test_pct_starves_nobody() -> None:
    """A task that would spin until another has moved falls behind after a while."""
    strategy = Pct(0)
    for _ in range(20):
        strategy.begin()
        trace: list[TaskId] = []
        while trace.count((1,)) == 0:
            trace.append(strategy.choose([(0,), (1,)], trace))
            assert len(trace) < 100


def test_the_default_plan_begins_with_the_default_order() -> None:
    """A bug there needs no schedule."""
    assert run(DefaultPlan(0), 2, 2) == run(Fifo(0), 2, 2)


def test_the_default_plan_ends_when_all_is_done() -> None:
    """Small programs are proved soon, and each schedule was among the runs."""
    plan = DefaultPlan(0)
    traces = set()
    while (trace := run(plan, 2, 2, 2)) is not None:
        traces.add(trace)

    assert plan.covered == ALL
    assert len(traces) == number_of_schedules(2, 2, 2)


@pytest.mark.parametrize("make", [Exhaustive, FewDeviations])
def test_nothing_is_claimed_of_a_program_that_changes(make: Callable[[int], Strategy]) -> None:
    """The same choices led elsewhere: there is more than the schedule."""
    strategy = make(0)
    for index in range(200):
        if run(strategy, 2, *[2 + index % 2, 1]) is None:
            break

    assert strategy.covered != ALL
