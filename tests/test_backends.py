"""The backends of the suite are what their names say."""

from __future__ import annotations

import asyncio
import sys

import pytest
import trio
import uvloop
from turns import BACKENDS, native_task, run_on


def describe() -> str:
    """Name the backend that is running, by what it is and not by how it was asked for."""
    if isinstance(native_task(), trio.lowlevel.Task):
        return "trio"
    loop = asyncio.get_running_loop()
    if isinstance(loop, uvloop.Loop):
        return "uvloop"
    return "asyncio" if loop.get_task_factory() is None else "eager"


async def describe_later() -> str:
    """Describe from inside a run."""
    return describe()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_run_of_its_own_is_on_the_backend_named(name: str) -> None:
    """`run_on` reaches each backend for real."""

    assert name == run_on(BACKENDS[name], describe_later)


async def test_the_plugin_runs_tests_on_the_backend_named(request: pytest.FixtureRequest) -> None:
    """anyio's plugin reaches each backend for real."""

    assert describe() == request.node.callspec.id


def test_none_is_left_out() -> None:
    """No backend goes missing in silence."""
    expected = (
        ["asyncio", "uvloop", "trio"]
        if sys.version_info < (3, 12)
        else [
            "asyncio",
            "uvloop",
            "eager",
            "trio",
        ]
    )

    assert expected == list(BACKENDS)
