"""What is remembered of runs: which schedules are known, when all are, and when to stop believing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anymutex.testing import knownruns
from anymutex.testing.knownruns import KnownRuns
from anymutex.testing.strategy import Fifo

if TYPE_CHECKING:
    from anymutex.testing.choices import TaskId

A: TaskId = (0,)
B: TaskId = (1,)


class Fixed(Fifo):
    """Chooses what it was told, in turn."""

    def __init__(self, *chosen: TaskId) -> None:
        super().__init__()
        self._chosen = chosen

    def choose(self, queue: object, trace: object) -> TaskId:
        """The next one."""
        first, *others = self._chosen
        self._chosen = tuple(others)
        return first


def run(known: KnownRuns, *chosen: TaskId, queues: list[list[TaskId]]) -> bool:
    """Do a run with a choice at each of its steps, unless it is known; tell whether it was new."""
    strategy = Fixed(*chosen)
    if not known.is_new(strategy):
        return False
    trace: list[TaskId] = []
    for queue in queues:
        trace.append(known.choose(strategy, queue, trace))
    known.add(trace)
    return True


def test_each_schedule_is_new_once() -> None:
    """And when each way of each choice was gone, all were run."""
    known = KnownRuns()
    twice = [[A, B], [A, B]]
    news = []
    for chosen in [(A, A), (A, A), (A, B), (B, A), (A, B), (B, B)]:
        assert not known.is_complete
        news.append(run(known, *chosen, queues=twice))

    assert news == [True, False, True, True, False, True]
    assert (known.is_complete, known.is_repeatable) == (True, True)


@pytest.mark.parametrize("queues", [[[B, A], [A, B]], [[A, B], [B, A]], [[A, B]], []])
def test_a_program_that_changes_is_not_believed(queues: list[list[TaskId]]) -> None:
    """Other queues after the same choices, or a run that ends earlier: all is forgotten, nothing complete."""
    known = KnownRuns()
    run(known, A, A, queues=[[A, B], [A, B]])
    run(known, A, B, queues=queues)

    assert (known.is_repeatable, known.is_complete) == (False, False)
    assert run(known, A, A, queues=[[A, B], [A, B]])


def test_too_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then every schedule counts as new, and none is complete."""
    monkeypatch.setattr(knownruns, "MOST_POINTS", 3)
    known = KnownRuns()
    news = [run(known, *chosen, queues=[[A, B]]) for chosen in [(A,), (B,), (A,)]]
    assert known.is_complete
    long = KnownRuns()
    news += [run(long, A, A, A, queues=[[A, B]] * 3) for _ in range(2)]

    assert news == [True, True, False, True, True]
    assert (long.is_complete, long.is_repeatable) == (False, True)
