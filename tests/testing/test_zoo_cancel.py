"""The programs that only a cancel makes fail: the sweep finds them, and blames no safe twin."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
import zoo_cancel

from anymutex.testing import explore, replay

MODULES = [
    importlib.import_module(f"zoo_cancel.{found.name}") for found in pkgutil.iter_modules(zoo_cancel.__path__)
]
BACKENDS = ["asyncio", "trio"]
each_program = pytest.mark.parametrize("program", MODULES, ids=lambda module: module.__name__.split(".")[1])


@each_program
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sweep_finds_it(program: Any, backend: str) -> None:
    """In few runs, with one cancel and nothing else, which fails on the other backend too."""
    result = explore(program.racy, backends=[backend], cancellation=True)

    assert result.failure is not None
    assert result.failure.kind == program.KIND
    assert result.schedules[backend] <= 20
    assert result.failure.deviations == 1
    for other in BACKENDS:
        failure = replay(program.racy, result.failure.token, backend=other).failure
        assert failure is not None
        assert failure.kind == program.KIND


@each_program
def test_without_cancels_it_never_fails(program: Any) -> None:
    """And the safe one not even with them."""
    result = explore(program.safe, cancellation=True, max_schedules=60).check()

    assert explore(program.racy).verdict == "proved"
    assert result.has_swept
