# ruff: noqa: SIM300  # expected == actual, as everywhere in these tests
"""OpenIterations: who is open, and whom a write breaks into."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from turns import BACKENDS, run_on

from anymutex import ConflictError, SharedMap


def begun(m: SharedMap[int, int]) -> Any:
    """Give an iterator that has taken its first step."""
    steps: Any = iter(m)
    next(steps)
    return steps


def test_an_iteration_is_open_from_its_first_step() -> None:
    """And known weakly: dropped, it is gone."""
    m = SharedMap({1: 1, 2: 2})
    unstarted: Any = iter(m)
    before = len(m.open_iterations.refs)
    steps = begun(m)
    during = list(m.open_iterations)
    assert [steps] == during
    del steps, during

    assert (0, 0) == (before, len(m.open_iterations.refs))
    assert 1 == next(unstarted)


def test_an_exhausted_iterator_is_forgotten_at_the_next_write() -> None:
    """Whoever keeps it does not slow the writes after that one."""
    m = SharedMap({1: 1})
    steps = begun(m)
    assert [] == list(steps)
    before = len(m.open_iterations.refs)
    m[1] = 2

    assert (1, 0) == (before, len(m.open_iterations.refs))


@pytest.mark.parametrize("name", BACKENDS)
def test_a_foreign_write_marks_all_that_are_open_and_takes_them_out(name: str) -> None:
    """Once: a second write finds nobody."""
    m = SharedMap({1: 1, 2: 2, 3: 3})
    left: list[int] = []

    async def write() -> None:
        m[1] = 7
        left.append(len(m.open_iterations.refs))
        m[2] = 7

    async def main() -> list[str]:
        passes = [begun(m), begun(m)]
        async with anyio.create_task_group() as group:
            group.start_soon(write)
            await checkpoint()
        texts = []
        for steps in passes:
            with pytest.raises(ConflictError) as caught:
                next(steps)
            texts.append(caught.value.report.to_json()["writer"]["did"])  # type: ignore[index]
        return texts

    assert ["wrote m[1] meanwhile: value replaced"] * 2 == run_on(BACKENDS[name], main)
    assert [0] == left


@pytest.mark.parametrize("name", BACKENDS)
def test_ones_own_write_marks_nobody(name: str) -> None:
    """And the iteration stays open for the writes of others."""
    m = SharedMap({1: 1, 2: 2})

    async def main() -> tuple[int, int]:
        steps = begun(m)
        m[1] = 7
        return next(steps), len(m.open_iterations.refs)

    assert (2, 1) == run_on(BACKENDS[name], main)
