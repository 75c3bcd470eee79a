"""The programs of the zoo: counted by brute force, found by the default plan, replayed on either backend."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import zoo
from schedulemodel import count

from anymutex.testing import explore, replay
from anymutex.testing.exhaustive import Exhaustive
from anymutex.testing.runner import runner_of
from anymutex.testing.strategy import ALL

if TYPE_CHECKING:
    from anymutex.testing.choices import TaskId
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.exploration import Exploration

MODULES = [importlib.import_module(f"zoo.{found.name}") for found in pkgutil.iter_modules(zoo.__path__)]
BACKENDS = ["asyncio", "trio"]
OTHER = {"asyncio": "trio", "trio": "asyncio"}

each_program = pytest.mark.parametrize("program", MODULES, ids=lambda module: module.__name__.split(".")[1])
each_backend = pytest.mark.parametrize("backend", BACKENDS)


class Run(NamedTuple):
    """What is compared of one run; its error would keep alive what it met."""

    trace: tuple[TaskId, ...]
    kind: str | None
    summary: str
    deviations: int


@cache
def every_run(program: AsyncProgram, backend: str) -> list[Run]:
    """Run each schedule of `program` once."""
    runs: list[Run] = []
    brute_force = Exhaustive()
    with runner_of(program, backend) as runner:
        while (outcome := runner.run(brute_force)) is not None:
            deviations = len(outcome.schedule.deviations)
            runs.append(Run(outcome.trace, outcome.kind, outcome.summary, deviations))
    assert brute_force.covered == ALL
    assert len({run.trace for run in runs}) == len(runs)
    return runs


@cache
def explored(program: AsyncProgram, backend: str) -> Exploration:
    """Look for the failure as a user does."""
    return explore(program, backends=[backend])


def kind_on(backend: str, program: Any) -> str:
    """How a racy one fails there."""
    kind: str = program.KIND[backend] if isinstance(program.KIND, dict) else program.KIND
    return kind


def test_there_are_enough_of_each_kind() -> None:
    """The tests below would pass with few."""
    kinds = {kind_on(backend, program) for program in MODULES for backend in BACKENDS}

    assert len(MODULES) >= 22
    assert kinds == {"exception", "deadlock", "hang", "conflict", "loop-handler"}


@each_program
@each_backend
def test_so_many_schedules_fail(program: Any, backend: str) -> None:
    """As the docstring derives, all in the same way; and none of the safe one."""
    runs = every_run(program.racy, backend)
    kinds = [run.kind for run in runs if run.kind]
    safe = every_run(program.safe, backend)

    assert (len(runs), len(kinds)) == program.RACY
    assert set(kinds) == {kind_on(backend, program)}
    assert len(safe) == program.SAFE
    assert {run.kind for run in safe} == {None}


@each_program
def test_the_model_counts_as_many(program: Any) -> None:
    """It knows nothing of event loops."""
    assert count(program.racy_model) == program.RACY
    assert count(program.safe_model) == (program.SAFE, 0)


@each_program
def test_both_backends_take_the_same_schedules(program: Any) -> None:
    """Step by step, with the same outcomes."""
    has_one_kind = isinstance(program.KIND, str)
    first, second = (
        {(run.trace, run.summary if has_one_kind else bool(run.kind)) for run in runs}
        for runs in (every_run(program.racy, backend) for backend in BACKENDS)
    )

    assert first == second


@each_program
@each_backend
def test_the_default_plan_finds_it(program: Any, backend: str) -> None:
    """Soon, and with the fewest deviations that will do, or one more."""
    result = explored(program.racy, backend)
    fewest = min(run.deviations for run in every_run(program.racy, backend) if run.kind)

    assert result.verdict == "failed"
    assert result.failure is not None
    assert (result.failure.kind, result.failure.is_reproducible) == (kind_on(backend, program), True)
    assert fewest <= result.failure.deviations <= fewest + 1
    assert result.schedules[backend] <= 40


@each_program
@each_backend
def test_a_token_is_replayed_on_either_backend(program: Any, backend: str) -> None:
    """The same steps and the same outcome; on its own backend the same report, twice."""
    result = explored(program.racy, backend)
    assert result.failure is not None
    token = result.failure.token
    own, again = (replay(program.racy, token, backend=backend) for _ in range(2))
    other = replay(program.racy, token, backend=OTHER[backend])

    assert own == again
    assert own.failure is not None
    assert str(own) == own.failure.report == result.failure.report
    assert (own.token, own.divergence) == (other.token, None)
    if not isinstance(program.KIND, dict):  # else it does not end in the same way
        assert own.steps == other.steps
    assert other.failure is not None
    assert other.failure.kind == kind_on(OTHER[backend], program)
    assert own.outcome == other.outcome or isinstance(program.KIND, dict)


@each_program
def test_the_safe_one_is_proved(program: Any) -> None:
    """On both backends, within the default limits."""
    result = explore(program.safe).check()

    assert result.verdict == "proved"
    assert result.assumption is not None
