"""The same token gives the same report, whenever and wherever it is run."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import anyio
import anyio.lowlevel
import zoo

from anymutex import SharedMap
from anymutex.testing import explore
from anymutex.testing.failure import NOT_REPRODUCIBLE, VARYING

TESTS = Path(__file__).parent.parent
MODULES = [importlib.import_module(f"zoo.{found.name}") for found in pkgutil.iter_modules(zoo.__path__)]

TELL_ALL = """
import importlib, pkgutil, zoo
from anymutex.testing import explore

for found in pkgutil.iter_modules(zoo.__path__):
    program = importlib.import_module(f"zoo.{found.name}").racy
    for backend in ("asyncio", "trio"):
        print(explore(program, backends=[backend]).failure.report)
"""


def told_by_a_process(hash_seed: str) -> str:
    """Give the reports of all zoo programs on both backends, from a process of its own."""
    path = os.pathsep.join([str(TESTS), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", TELL_ALL],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_every_process_tells_the_same_of_the_zoo() -> None:
    """No order of a set, no address and no counter of ours is in it."""
    first, second = told_by_a_process("1"), told_by_a_process("2")

    assert first == second
    assert first.count("to repeat: ") == 2 * len(MODULES)
    assert VARYING not in first
    assert NOT_REPRODUCIBLE not in first


def test_what_varies_is_told() -> None:
    """It fails in the same way each time, but with other values."""
    numbers = count()

    async def program() -> None:
        numbered = SharedMap[str, int](name="numbered")
        numbered["next"] = next(numbers)
        raise ValueError("always")

    failure = explore(program, backends=["asyncio"]).failure

    assert failure is not None
    assert failure.is_reproducible
    assert VARYING in failure.report


def test_what_does_not_fail_again_is_told() -> None:
    """Another run under the same schedule goes well: nothing can be shown of its steps."""
    runs = count()

    async def program() -> None:
        await anyio.lowlevel.checkpoint()
        assert next(runs), "the first one alone"

    failure = explore(program, backends=["asyncio"]).failure

    assert failure is not None
    assert not failure.is_reproducible
    assert NOT_REPRODUCIBLE in failure.report
    assert "\nstep " not in failure.report
    assert "the first one alone" in failure.report
