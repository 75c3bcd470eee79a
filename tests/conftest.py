"""Every async test runs on every backend: asyncio in debug mode, uvloop, eager tasks (3.12+) and trio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from turns import BACKENDS

if TYPE_CHECKING:
    from turns import Backend


@pytest.fixture(scope="module", params=[pytest.param(value, id=name) for name, value in BACKENDS.items()])
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    """Give anyio's pytest plugin the backend for the run of one test."""
    backend: Backend = request.param
    return backend
