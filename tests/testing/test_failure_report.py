"""How a failing schedule reads: the texts are in `tests/golden/`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import schedule_programs

from anymutex.testing import explore, replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.driver import AsyncProgram

PROGRAMS: list[AsyncProgram] = [
    schedule_programs.count,
    schedule_programs.bank,
    schedule_programs.nobody_sets_it,
    schedule_programs.heartbeat,
    schedule_programs.spin,
]


def without_versions(report: str) -> str:
    """Give the report as it is on every machine."""
    return re.sub(r"(anyio|trio) \d+[\w.]*", r"\1 N", report)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_text(
    program: AsyncProgram, check_golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened, step by step, why, and how to repeat it."""
    monkeypatch.chdir(schedule_programs.__file__.rpartition("/")[0])
    failure = explore(program, backends=["asyncio"]).failure
    assert failure is not None

    check_golden(f"schedule_{program.__name__}.txt", without_versions(failure.report))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_steps_are_the_same_on_trio(program: AsyncProgram) -> None:
    """Only the name of the backend differs, and how often a task that never ends went on."""
    failure = explore(program, backends=["asyncio"]).failure
    assert failure is not None
    other = replay(program, failure.token, backend="trio").failure
    assert other is not None

    assert (failure.kind, failure.token) == (other.kind, other.token)
    assert steps_of(failure.report) == steps_of(other.report)


def steps_of(report: str) -> list[str]:
    """Give the lines of the steps."""
    text = re.sub(r"\(\d+ times\)", "(N times)", report)
    return [line for line in text.splitlines() if re.match(r" *\d+  [.o*]", line)]
