"""Each strategy on trees of schedules that are known: tasks that only take steps."""

from __future__ import annotations

from collections import Counter
from math import factorial, prod
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from anymutex.testing import fewdeviations
from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.exhaustive import Exhaustive
from anymutex.testing.fewdeviations import FewDeviations
from anymutex.testing.pacedwalk import PacedWalk
from anymutex.testing.pct import Pct
from anymutex.testing.pos import Pos
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.rounds import Rounds
from anymutex.testing.strategy import ALL, NONE, Fifo
from anymutex.testing.urw import Urw

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.choices import TaskId
    from anymutex.testing.strategy import Strategy

ENDLESS: list[Callable[[int], Strategy]] = [RandomWalk, PacedWalk, Urw, Pos, Pct]
EVERY: list[Callable[[int], Strategy]] = [*ENDLESS, Rounds, Fifo, Exhaustive, FewDeviations, DefaultPlan]


def run(
    strategy: Strategy, *lengths: int, starting: dict[TaskId, int] | None = None
) -> tuple[TaskId, ...] | None:
    """Let tasks of so many steps each run to their ends, each going to the end of the queue after a step.

    `starting` has tasks of so many steps that are started by the first step of their parents.
    """
    if not strategy.begin():
        return None
    left: dict[TaskId, int] = {(index,): length for index, length in enumerate(lengths)} | (starting or {})
    queue: list[TaskId] = [task for task in left if len(task) == 1]
    trace: list[TaskId] = []
    while queue:
        task = strategy.choose(queue, trace) if len(queue) > 1 else queue[0]
        if task not in trace:
            queue += [child for child in left if child[:-1] == task]
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


def share_of_the_rarest(strategy: Strategy, schedules: int, *lengths: int, **starting: Any) -> float:
    """How often the schedule was drawn that was drawn least, as a part of what would be even."""
    for _ in range(20):
        run(strategy, *lengths, **starting)  # to learn
    draws = 100 * schedules
    counts = Counter(run(strategy, *lengths, **starting) for _ in range(draws))
    return min(counts.values()) * schedules / draws if len(counts) == schedules else 0


@pytest.mark.parametrize("lengths", [(9, 1), (2, 2, 2), (3, 3), (1, 2, 3)])
def test_urw_draws_schedules_evenly(lengths: tuple[int, ...]) -> None:
    """100 of each are expected; half of that is five standard deviations away."""
    assert share_of_the_rarest(Urw(3), number_of_schedules(*lengths), *lengths) > 0.5


def test_urw_counts_what_is_still_to_be_started() -> None:
    """A starts C, of three steps, by the first of its own two; B takes two: drawn evenly all the same."""
    starting: dict[TaskId, int] = {(0, 0): 3}
    brute_force = Exhaustive()
    schedules = 0
    while run(brute_force, 2, 2, starting=starting) is not None:
        schedules += 1

    assert share_of_the_rarest(Urw(5), schedules, 2, 2, starting=starting) > 0.5


def test_a_plain_walk_does_not() -> None:
    """It hardly ever lets the single step of one task come last of ten."""
    assert share_of_the_rarest(RandomWalk(3), 10, 9, 1) < 0.2


def test_paced_tasks_end_together() -> None:
    """A task of three steps is under way for long beside one of thirty; in a plain walk it is soon done."""

    def end_of_the_short_one(strategy: Strategy) -> float:
        traces = [run(strategy, 30, 3) or () for _ in range(200)]
        return mean(max(step for step, task in enumerate(trace) if task == (1,)) for trace in traces)

    assert end_of_the_short_one(PacedWalk(0)) > 15
    assert end_of_the_short_one(RandomWalk(0)) < 8


def test_rounds_go_backwards() -> None:
    """Each round has a step of everybody; the first run takes all of them backwards, the others some."""
    strategy = Rounds(0)
    first = run(strategy, 2, 2, 2)
    later = {run(strategy, 2, 2, 2) for _ in range(50)}
    forwards, backwards = ((0,), (1,), (2,)), ((2,), (1,), (0,))

    assert first == backwards * 2
    assert later == {one + other for one in (forwards, backwards) for other in (forwards, backwards)}


def test_pct_finds_bugs_as_often_as_it_promises() -> None:
    """With n tasks and k steps a bug of depth d in one run of n k^(d-1), of the third that has this depth."""
    runs = 10_000
    met: Counter[int] = Counter()
    strategy = Pct(0)
    for _ in range(runs):
        trace = run(strategy, 3, 3, 3) or ()
        (a1, a2, a3), (c1, c2, c3) = (
            [step for step, task in enumerate(trace) if task == who] for who in ((0,), (2,))
        )
        met[1] += c1 < a1  # one pair of steps in this order is enough for the bug
        met[2] += a1 < c1 and c3 < a2
        met[3] += a1 < c1 < a2 and a3 < c2

    for depth in (1, 2, 3):
        promised = runs / 3 / (3 * 9 ** (depth - 1))

        assert met[depth] > promised, depth


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


@pytest.mark.parametrize("lengths", [(1,), (2, 2, 2), (6, 6)])
def test_the_default_plan_ends_when_all_is_done(lengths: tuple[int, ...]) -> None:
    """Programs with fewer schedules than are asked for are proved, and no schedule is run twice."""
    plan = DefaultPlan(0)
    traces = []
    while (trace := run(plan, *lengths)) is not None:
        traces.append(trace)

    assert plan.covered == ALL
    assert len(traces) == len(set(traces)) == number_of_schedules(*lengths) <= 1000


def test_a_level_counts_though_the_next_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be remembered is missing from the next level, not from this one."""
    monkeypatch.setattr(fewdeviations, "MOST_PLANNED", 100)
    strategy = FewDeviations(0)
    covered = []
    while run(strategy, 4, 4, 4) is not None:
        covered.append(strategy.covered)

    assert max(covered) == covered[-1] == 1
    assert len(covered) < number_of_schedules(4, 4, 4)


@pytest.mark.parametrize("make", [Exhaustive, FewDeviations, DefaultPlan])
def test_nothing_is_claimed_of_a_program_that_changes(make: Callable[[int], Strategy]) -> None:
    """The same choices led elsewhere: there is more than the schedule."""
    strategy = make(0)
    for index in range(200):
        if run(strategy, 2, *[2 + index % 2, 1]) is None:
            break

    assert strategy.covered != ALL
