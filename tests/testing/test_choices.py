"""A token is what a schedule is written as, and nothing else passes for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymutex.errors import UsageError
from anymutex.testing.choices import Deviation, Schedule

if TYPE_CHECKING:
    from anymutex.testing.choices import TaskId

steps = st.integers(0, 10**9 - 1)
task_ids = st.lists(steps, min_size=1, max_size=5).map(tuple)
schedules = st.dictionaries(steps, task_ids, max_size=6).map(
    lambda found: Schedule(tuple(Deviation(step, found[step]) for step in sorted(found)))
)


@given(schedules)
def test_a_token_is_read_back(schedule: Schedule) -> None:
    """Written and parsed it is the same schedule."""

    assert schedule == Schedule.parse(schedule.token)


@given(schedules)
def test_a_token_needs_no_quotes(schedule: Schedule) -> None:
    """It is pasted into a command line."""

    assert re.fullmatch(r"[v\d,=.]+", schedule.token)


def test_the_default_order_is_the_shortest_token() -> None:
    """Nothing deviates."""

    assert Schedule().token == "v1"


def test_what_deviates_is_who_was_not_first() -> None:
    """A trace and its queues make a schedule."""
    trace: list[TaskId] = [(0,), (0, 1), (0, 0)]
    queues: list[list[TaskId]] = [[(0,)], [(0, 0), (0, 1)], [(0, 0)]]

    assert Schedule.of_trace(trace, queues).token == "v1,1=0.1"


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "'' does not begin with 'v1'"),
        ("v2,1=0", "'v2,1=0' does not begin with 'v1'"),
        ("v1,", "'' in 'v1,' is none of 3=0.1"),
        ("v1,1", "'1' in 'v1,1' is none of 3=0.1"),
        ("v1,1=0.", "'1=0.' in 'v1,1=0.' is none of 3=0.1"),
        ("v1,1=0,1=0.1", "the steps of 'v1,1=0,1=0.1' do not rise"),
        ("v1,-1=0", "'-1=0' in 'v1,-1=0' is none of 3=0.1"),
        ("v1,\n1=0", "'\\n1=0' in"),
        ("v1,\u0663=0", "'\u0663=0' in"),
        ("v1,\u00b2=0", "'\u00b2=0' in"),
        ("x" * 100_000, "'... (100,000 characters) does not begin with 'v1'"),
        ("v1," + "1" * 100_000, "'... (100,003 characters) is none of 3=0.1"),
        ("v1" + ",1=0" * 25_000, "'... (100,002 characters) do not rise"),
    ],
    ids=lambda value: value[:20],
)
def test_a_bad_token_is_one_clear_line(token: str, said: str) -> None:
    """It says what is wrong with what, and does not repeat a text without end."""
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        Schedule.parse(token)

    assert isinstance(raised.value, ValueError)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 240
