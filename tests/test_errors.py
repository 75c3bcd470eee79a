"""Every exception says all that is known, and is caught by the handlers that people have already."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import pytest

from anymutex.errors import ConflictError, DeadlockError, OwnerEndedError, UsageError
from anymutex.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITH_REPORT = [ConflictError, DeadlockError]


@dataclass(frozen=True)
class Finding(Report):
    """A report of three lines."""

    subject: str

    def lines(self) -> Iterator[str]:
        yield "something is broken"
        yield ""
        yield self.subject


def sent(error: object) -> object:
    """Let an object go to another process, as far as it notices."""
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("error_class", WITH_REPORT)
def test_the_text_is_the_whole_report(error_class: type[ConflictError | DeadlockError]) -> None:
    """A program that prints only `error` loses nothing; one that asks for more has `error.report`."""
    report = Finding("m")
    error = error_class(report)

    assert str(error) == "something is broken\n\nm"
    assert error.report is report


@pytest.mark.parametrize("error_class", WITH_REPORT)
@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, sent])
def test_an_error_can_be_kept_and_sent(
    error_class: type[ConflictError | DeadlockError], through: Callable[[object], object]
) -> None:
    """Its data is plain: a process pool brings it home as it was."""
    error = error_class(Finding("m"))
    twin = through(error)

    assert isinstance(twin, error_class)
    assert (str(twin), twin.report) == (str(error), error.report)


@pytest.mark.parametrize(
    ("error_class", "base"),
    [
        (ConflictError, RuntimeError),
        (DeadlockError, RuntimeError),
        (OwnerEndedError, anyio.BrokenResourceError),
        (UsageError, Exception),
    ],
)
def test_existing_handlers_catch_it(error_class: type[Exception], base: type[Exception]) -> None:
    """dict and `anyio.Lock` raise `RuntimeError` in the same places."""
    assert error_class.__bases__ == (base,)
