"""`races=True`: a program without an assertion is searched for await races."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import racy_shop

from anymutex.errors import UsageError
from anymutex.testing import every_schedule, explore, replay
from anymutex.testing.failure import ScheduleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BACKENDS = ["asyncio", "trio"]
OTHER = {"asyncio": "trio", "trio": "asyncio"}
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@each_backend
@pytest.mark.parametrize(("kind", "program"), racy_shop.RACY)
def test_a_race_that_the_default_order_hides(
    backend: str, kind: str, program: Callable[[], Awaitable[object]]
) -> None:
    """It is found, and its token shows it on the other backend too; without `races` nothing fails."""
    result = explore(program, backends=[backend], races=True, max_schedules=50)
    failure = result.failure

    assert explore(program, backends=[backend], max_schedules=50).failure is None
    assert failure is not None
    assert (failure.kind, failure.is_reproducible, failure.error) == ("race", True, None)
    assert "WARNING: AWAIT RACE" in failure.report
    assert failure.deviations > 0
    assert failure.report.endswith(f"backend={backend!r}, races=True)")
    for name in BACKENDS:
        again = replay(program, failure.token, backend=name, races=True)
        assert (again.divergence, again.failure and again.failure.kind) == (None, "race")
    assert replay(program, failure.token, backend=backend).failure is None
    assert kind in {race["kind"] for race in failure.to_json()["races"]}  # type: ignore[attr-defined]


@each_backend
@pytest.mark.parametrize("program", racy_shop.SAFE)
def test_what_is_no_race(backend: str, program: Callable[[], Awaitable[object]]) -> None:
    """Under no schedule."""
    result = explore(program, backends=[backend], races=True, max_schedules=300)

    assert result.failure is None


@each_backend
def test_other_failures_come_first(backend: str) -> None:
    """A run that fails anyway is of that kind; the race stands in its report."""
    failure = explore(racy_shop.oversold, backends=[backend], races=True).failure

    assert failure is not None
    assert failure.kind in {"exception", "race"}
    assert "AWAIT RACE" in failure.report


def test_the_decorator() -> None:
    """It takes `races` like all the rest."""
    test = every_schedule(races=True, max_schedules=50)(racy_shop.buy_two)

    with pytest.raises(ScheduleError, match="AWAIT RACE"):
        test()


def test_a_program_without_source() -> None:
    """It can't be watched, and that is said in one line."""
    with pytest.raises(UsageError, match="has no source file"):
        explore(partial(eval("lambda: None", {"__name__": "nowhere"})), races=True)
