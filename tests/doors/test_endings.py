"""How a program ends, as a table: no loop and no process is needed."""

from __future__ import annotations

import pytest

from anymutex.doors.endings import ending_of
from anymutex.errors import ConflictError, DeadlockError, UsageError


class Text(str):
    """Stands for a report: all that an ending wants of it is the text."""


def conflict(text: str = "conflict") -> ConflictError:
    """An error with a text for a report."""
    return ConflictError(Text(text))  # type: ignore[arg-type]


def deadlock() -> DeadlockError:
    """An error with a text for a report."""
    return DeadlockError(Text("deadlock"))  # type: ignore[arg-type]


def group(*members: BaseException) -> BaseException:
    """The members in a group in a group, as trio likes it."""
    return BaseExceptionGroup("inner", [BaseExceptionGroup("outer", members)])


@pytest.mark.parametrize("wrap", [lambda error: error, group], ids=["bare", "in groups"])
@pytest.mark.parametrize(
    ("error", "code", "messages"),
    [
        (conflict(), 2, ("fatal error: conflict",)),
        (deadlock(), 2, ("fatal error: deadlock",)),
        (UsageError("no such file"), 2, ("anymutex: no such file",)),
        (KeyboardInterrupt(), 130, ()),
        (SystemExit(), 0, ()),
        (SystemExit(7), 7, ()),
        (SystemExit(-1), 255, ()),
        (SystemExit("so long"), 1, ("so long",)),
    ],
)
def test_what_needs_no_traceback(wrap: object, error: BaseException, code: int, messages: object) -> None:
    """Neither alone nor in a group."""
    ending = ending_of(wrap(error))  # type: ignore[operator]

    assert (code, messages, None) == ending


def test_an_exception_is_shown() -> None:
    """And means 1."""
    error = ValueError()

    assert ending_of(error) == (1, (), error)


def test_the_only_leaf_is_shown_without_its_groups() -> None:
    """The groups are how it travelled."""
    error = ValueError()

    assert ending_of(group(error)) == (1, (), error)


def test_several_leaves_are_shown_in_one_group() -> None:
    """Nothing is lost."""
    first, second = ValueError(), KeyError()
    ending = ending_of(group(first, second))

    assert ending.code == 1
    assert isinstance(ending.shown, BaseExceptionGroup)
    assert ending.shown.exceptions == (first, second)


@pytest.mark.parametrize(
    ("others", "code", "messages"),
    [
        ((conflict("first"), conflict("second")), 2, 2),
        ((conflict(), deadlock()), 2, 2),
        ((conflict(), KeyboardInterrupt()), 2, 1),
        ((KeyboardInterrupt(), SystemExit(3)), 130, 0),
        ((SystemExit(3),), 3, 0),
        ((), 1, 0),
    ],
)
def test_the_gravest_gives_the_code(others: tuple[BaseException, ...], code: int, messages: int) -> None:
    """And an exception beside it is still shown."""
    error = ValueError()
    ending = ending_of(group(error, *others))

    assert (code, error) == (ending.code, ending.shown)
    assert messages == len(ending.messages)


def test_two_of_a_kind_are_told_once() -> None:
    """The first is fatal, and the other is counted."""
    ending = ending_of(group(conflict("first"), conflict("second")))

    assert ending.messages == ("fatal error: first", "(1 more ConflictError of this run not shown)")


def test_a_broken_output_is_silent() -> None:
    """`| head` has seen enough."""
    assert ending_of(group(BrokenPipeError()), output_is_broken=True) == (141, (), None)


def test_a_broken_socket_is_an_exception() -> None:
    """Our own streams are whole, so it is the program's matter."""
    error = BrokenPipeError()

    assert ending_of(error, output_is_broken=False) == (1, (), error)


def test_a_broken_output_hides_nothing_else() -> None:
    """What else went wrong counts."""
    error = ValueError()

    assert ending_of(group(BrokenPipeError(), error), output_is_broken=True) == (1, (), error)
