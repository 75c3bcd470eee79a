"""The programs of the zoo: counted by brute force, found by the default plan, replayed on either backend."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import pytest
import zoo

from anymutex.testing import explore, replay
from anymutex.testing.exhaustive import Exhaustive
from anymutex.testing.runner import runner_of
from anymutex.testing.strategy import ALL

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.outcome import Outcome

MODULES = [importlib.import_module(f"zoo.{found.name}") for found in pkgutil.iter_modules(zoo.__path__)]
BACKENDS = ["asyncio", "trio"]
OTHER = {"asyncio": "trio", "trio": "asyncio"}

each_program = pytest.mark.parametrize("program", MODULES, ids=lambda module: module.__name__.split(".")[1])
each_backend = pytest.mark.parametrize("backend", BACKENDS)


def every_outcome(program: AsyncProgram, backend: str) -> list[Outcome]:
    """Run each schedule of `program` once."""
    outcomes: list[Outcome] = []
    brute_force = Exhaustive()
    with runner_of(program, backend) as runner:
        while (outcome := runner.run(brute_force)) is not None:
            outcomes.append(outcome)
    assert brute_force.covered == ALL
    assert len({outcome.trace for outcome in outcomes}) == len(outcomes)
    return outcomes


@each_program
@each_backend
def test_the_racy_one_has_so_many_schedules(program: Any, backend: str) -> None:
    """As derived by hand, and so many of them fail, all in the same way."""
    outcomes = every_outcome(program.racy, backend)
    kinds = [outcome.kind for outcome in outcomes if outcome.kind]

    assert (len(outcomes), len(kinds)) == program.RACY
    assert set(kinds) == {program.KIND}


@each_program
@each_backend
def test_the_safe_one_has_so_many_schedules(program: Any, backend: str) -> None:
    """As derived by hand, and none fails."""
    outcomes = every_outcome(program.safe, backend)

    assert len(outcomes) == program.SAFE
    assert {outcome.kind for outcome in outcomes} == {None}


@each_program
def test_both_backends_take_the_same_schedules(program: Any) -> None:
    """Step by step, with the same outcomes."""
    first, second = (
        {(outcome.trace, outcome.summary) for outcome in every_outcome(program.racy, backend)}
        for backend in BACKENDS
    )

    assert first == second


@each_program
@each_backend
def test_the_default_plan_finds_it(program: Any, backend: str) -> None:
    """Soon, and with the fewest deviations that will do."""
    result = explore(program.racy, backends=[backend])
    fewest = min(
        len(outcome.schedule.deviations) for outcome in every_outcome(program.racy, backend) if outcome.kind
    )

    assert result.verdict == "failed"
    assert result.failure is not None
    assert (result.failure.kind, result.failure.is_reproducible) == (program.KIND, True)
    assert result.failure.deviations == fewest
    assert result.schedules[backend] <= 8


@each_program
@each_backend
def test_a_token_is_replayed_on_either_backend(program: Any, backend: str) -> None:
    """The same steps and the same outcome; on its own backend the same report, twice."""
    result = explore(program.racy, backends=[backend], seed=1)
    assert result.failure is not None
    token = result.failure.token
    own, again = (replay(program.racy, token, backend=backend) for _ in range(2))
    other = replay(program.racy, token, backend=OTHER[backend])

    assert own == again
    assert own.failure is not None
    assert own.failure.report == result.failure.report
    assert (own.token, own.outcome, own.divergence) == (other.token, other.outcome, other.divergence)
    assert own.divergence is None
    assert own.steps == other.steps


@each_program
def test_the_safe_one_is_proved(program: Any) -> None:
    """On both backends, within the default limits."""
    result = explore(program.safe).check()

    assert result.verdict == "proved"
    assert result.assumption is not None
