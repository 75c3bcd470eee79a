"""Shrinking: down to what brute force finds, and no claim beyond what was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from anyio.lowlevel import checkpoint
from zoo import lost_wakeup, opposite_locks, reorder

from anymutex.testing import shrink
from anymutex.testing.choices import Schedule
from anymutex.testing.exhaustive import Exhaustive
from anymutex.testing.randomwalk import RandomWalk
from anymutex.testing.runner import runner_of
from anymutex.testing.shrink import shrunk

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.outcome import Outcome
    from anymutex.testing.runner import Runner

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def size(outcome: Outcome) -> int:
    """How far from the default order."""
    return len(outcome.schedule.deviations)


def drawn_failure(runner: Runner, seed: int) -> Outcome:
    """A failing run, mostly with more deviations than it needs."""
    walk = RandomWalk(seed)
    while (outcome := runner.run(walk)) is not None:
        if outcome.kind:
            return outcome
    raise AssertionError("a random walk does not end")


def fewest_by_brute_force(program: AsyncProgram, backend: str) -> int:
    """The smallest of all that fail."""
    brute_force = Exhaustive()
    sizes = []
    with runner_of(program, backend) as runner:
        while (outcome := runner.run(brute_force)) is not None:
            if outcome.kind:
                sizes.append(size(outcome))
    return min(sizes)


async def either_of_two() -> None:
    """It fails if C comes first, which is one deviation, or if B takes both its steps around A's first."""
    seen: list[str] = []

    async def task(name: str) -> None:
        seen.append(name)
        await checkpoint()
        seen.append(name)

    async with anyio.create_task_group() as group:
        for name in "ABC":
            group.start_soon(task, name)
    assert seen[0] != "C", "C was first"
    assert "".join(seen[:3]) != "BAB", "B was twice around A"


async def other_failures() -> None:
    """The default order fails in one way, any other in another way."""
    seen: list[str] = []

    async def task(name: str) -> None:
        seen.append(name)

    async with anyio.create_task_group() as group:
        for name in "ABC":
            group.start_soon(task, name)
    if seen == ["A", "B", "C"]:
        raise ValueError("the usual")
    raise KeyError("something else")


@each_backend
def test_as_few_as_brute_force_finds(backend: str) -> None:
    """From whichever failing run one starts."""
    for program in (reorder.racy, opposite_locks.racy, lost_wakeup.racy, either_of_two, other_failures):
        fewest = fewest_by_brute_force(program, backend) if program is not other_failures else 1
        with runner_of(program, backend) as runner:
            for seed in range(10):
                failed = drawn_failure(runner, seed)
                if program is other_failures and not failed.schedule.deviations:
                    continue
                result = shrunk(runner, failed)

                assert (size(result.outcome), result.is_fewest) == (fewest, True), program
                assert result.outcome.signature == failed.signature


def test_quite_other_deviations_may_be_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving out alone is stuck at two of them; and then it is not said that they are the fewest."""
    two = Schedule.parse("v1,1=0.1,3=0.1")
    with runner_of(either_of_two, "asyncio") as runner:
        failed = runner.replay(two)
        result = shrunk(runner, failed)
        monkeypatch.setattr(shrink, "MOST_BELOW", 1)
        hasty = shrunk(runner, failed)

    assert failed.schedule == two
    assert (size(result.outcome), result.is_fewest) == (1, True)
    assert (size(hasty.outcome), hasty.is_fewest) == (2, False)


def test_the_default_order_is_the_smallest() -> None:
    """With no deviation left nothing is below."""

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(checkpoint)
            group.start_soon(checkpoint)
        raise ValueError("always")

    with runner_of(program, "trio") as runner:
        failed = runner.replay(Schedule.parse("v1,1=0.1"))
        result = shrunk(runner, failed)

    assert size(failed) == 1
    assert (result.outcome.schedule.token, result.is_fewest) == ("v1", True)
