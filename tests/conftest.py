"""Every async test runs on every backend: asyncio in debug mode, uvloop, eager tasks (3.12+) and trio."""

# The house style is `assert expected == actual`.

from __future__ import annotations

import asyncio.constants
import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from turns import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from turns import Backend

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites the files in `tests/golden/`."""
    parser.addoption("--update-golden", action="store_true", help="write the texts of tests/golden/ anew")


def pytest_sessionfinish() -> None:
    """End `quick_collections`: Hypothesis asks the collector who refers to its sources of randomness."""
    gc.unfreeze()


@pytest.fixture(scope="module", params=[pytest.param(value, id=name) for name, value in BACKENDS.items()])
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    """Give anyio's pytest plugin the backend for the run of one test."""
    backend: Backend = request.param
    return backend


@pytest.fixture(scope="module", autouse=True)
def quick_collections() -> None:
    """Keep what is there before a module out of sight of the collector, for many tests call it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_ci() -> Iterator[None]:
    """Let the runs of pytest inside of tests write what they write at home: it tells more where CI is set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CI", "BUILD_NUMBER"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where Python is told to keep no bytecode, let the processes of one run of the tests share it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the other workers' too
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(folder / "bytecode"))
        yield


@pytest.fixture(scope="session", autouse=True)
def short_debug_stacks() -> Iterator[None]:
    """Have asyncio's debug mode keep one line, not ten, of where each callback came from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.constants, "DEBUG_STACK_DEPTH", 1)
        yield


@pytest.fixture
def default_ctrl_c() -> Iterator[None]:
    """Let SIGINT mean KeyboardInterrupt: a job started in the background inherits it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    trace_before = sys.gettrace()
    yield
    sys.settrace(trace_before)
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Give what compares a text with a file of `tests/golden/`, or writes it under `--update-golden`."""
    update: bool = request.config.getoption("--update-golden")

    def check(name: str, actual: str) -> None:
        path = GOLDEN / name
        if update:
            path.write_text(actual + "\n", encoding="utf-8")
        expected = path.read_text(encoding="utf-8").removesuffix("\n")

        assert expected == actual

    return check
