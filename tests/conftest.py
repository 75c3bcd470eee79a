"""Every async test runs on every backend: asyncio in debug mode, uvloop, eager tasks (3.12+) and trio."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest
from turns import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turns import Backend


@pytest.fixture(scope="module", params=[pytest.param(value, id=name) for name, value in BACKENDS.items()])
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    """Give anyio's pytest plugin the backend for the run of one test."""
    backend: Backend = request.param
    return backend


@pytest.fixture
def default_ctrl_c() -> Iterator[None]:
    """Let SIGINT mean KeyboardInterrupt: a job started in the background inherits it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    trace_before = sys.gettrace()
    yield
    sys.settrace(trace_before)
    signal.signal(signal.SIGINT, before)
