"""Tracebacks begin where the program does."""

from __future__ import annotations

import traceback

import anyio
import pytest

from anymutex.doors import backends
from anymutex.doors.hosting import host
from anymutex.doors.tracebacks import trim


async def fail() -> None:
    """Raise from a cause."""
    try:
        raise KeyError("cause")
    except KeyError as cause:
        raise ValueError("x") from cause


async def fail_in_children() -> None:
    """Raise a group with a group's traceback."""
    async with anyio.create_task_group() as group:
        group.start_soon(fail)


def functions_of(error: BaseException) -> list[str]:
    """The functions in an exception's own traceback."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def outcome_of(program: object, backend: str) -> BaseException:
    """What `program` raises, trimmed; this function is no part of it."""
    with pytest.raises(Exception) as caught:  # whatever comes
        host(program, backends.backend_named(backend))  # type: ignore[arg-type]
    error = caught.value
    own = error.__traceback__
    error.__traceback__ = own and own.tb_next
    trim(error)
    return error


@pytest.mark.parametrize("backend", [backend.name for backend in backends.KNOWN])
def test_only_the_program_is_left(backend: str) -> None:
    """The causes of the exception included."""
    error = outcome_of(fail, backend)

    assert functions_of(error) == functions_of(error.__cause__ or error) == ["fail"]


@pytest.mark.parametrize("backend", [backend.name for backend in backends.KNOWN])
def test_members_of_a_group_are_trimmed(backend: str) -> None:
    """And the group itself ends with the program's line, not with the task group's."""
    error = outcome_of(fail_in_children, backend)

    assert isinstance(error, ExceptionGroup)
    assert functions_of(error)[-1] == "fail_in_children"
    assert functions_of(error.exceptions[0]) == ["fail"]


def test_what_has_no_line_of_the_program_stays_whole() -> None:
    """Better too much than nothing."""
    error = ValueError()
    trim(error)

    assert functions_of(error) == []
