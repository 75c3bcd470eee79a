"""The end of a program, acted out: `endings` decides, this prints it and gives the exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

from anymutex.doors import pipes
from anymutex.doors.endings import BROKEN_PIPE, Ending, ending_of
from anymutex.doors.tracebacks import trim
from anymutex.report import coloured

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def finish(body: Callable[[], T]) -> tuple[int, T | None]:
    """Call `body` and tell on stderr how it ended, if it did not end well.

    Returns:
        The exit code, and what `body` returned (None if it raised).
    """
    try:
        value = body()
        pipes.flush()
    except BaseException as error:
        ending = ending_of(error, output_is_broken=pipes.output_is_broken())
        return tell(ending), None
    return 0, value


def tell(ending: Ending) -> int:
    """Print what `ending` has to say on stderr, and return the exit code."""
    code = ending.code
    try:
        _print(ending)
    except BrokenPipeError:
        code = BROKEN_PIPE
    pipes.let_go()
    return code


def _print(ending: Ending) -> None:
    if sys.stderr is None:  # pythonw: print() would turn to stdout
        return
    for message in ending.messages:
        print(coloured(message) if _wants_colour() else message, file=sys.stderr, flush=True)
    if ending.shown is not None:
        trim(ending.shown)
        # The hook and not `traceback`: it may be the user's own, or show colours.
        sys.excepthook(type(ending.shown), ending.shown, ending.shown.__traceback__)


def _wants_colour() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
