"""Runs one program on one backend and notes what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from anymutex import probe
from anymutex.doors.endings import fatal_in, leaves_of
from anymutex.doors.hosting import host, take_name
from anymutex.doors.row import Row
from anymutex.doors.signals import Terminated
from anymutex.doors.tally import Tally
from anymutex.errors import ConflictError
from anymutex.report import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anymutex.doors.backends import Backend
    from anymutex.doors.endings import Fatal


def measure(program: Callable[[], Awaitable[Any]], backend: Backend, seconds: float | None = None) -> Row:
    """Run `program` on `backend`, for at most `seconds`, and note what came of it.

    Raises:
        KeyboardInterrupt, Terminated: The user wants all of it to stop; everything else is in the row.
    """
    tally = Tally()
    clock = [0.0, 0.0]

    async def timed() -> tuple[Any]:
        clock[0] = time.perf_counter()
        try:
            return (await program(),)
        finally:
            clock[1] = time.perf_counter()

    take_name(timed, program)
    error, returned = None, None
    with probe.listening(tally):
        try:
            returned = host(timed, backend, seconds)
        except BaseException as raised:
            error = raised
    _let_through(error)
    return Row(
        backend=backend.name,
        **_described(error),
        value=None if returned is None else _whole_repr(returned[0]),
        stopped=error is None and returned is None,
        conflicts=tally.conflicts,
        operations=tally.reads + tally.writes,
        seconds=clock[1] - clock[0],
    )


def _let_through(error: BaseException | None) -> None:
    for leaf in leaves_of(error) if error else ():
        if isinstance(leaf, KeyboardInterrupt | Terminated):
            raise leaf from None


def _described(error: BaseException | None) -> dict[str, Any]:
    """The outcome in one word, and the exceptions of a group in an order that no schedule decides."""
    if error is None:
        return {"outcome": "ok", "exception": None, "message": None}
    fatal = fatal_in(error)
    leaves = [fatal] if fatal else sorted(leaves_of(error), key=_name_and_headline)
    return {
        "outcome": _outcome(fatal),
        "exception": ", ".join(type(leaf).__name__ for leaf in leaves),
        "message": "; ".join(_headline(leaf) for leaf in leaves),
    }


def _outcome(fatal: Fatal | None) -> str:
    if fatal is None:
        return "exception"
    return "conflict" if isinstance(fatal, ConflictError) else "deadlock"


def _name_and_headline(error: BaseException) -> tuple[str, str]:
    return type(error).__name__, _headline(error)


def _whole_repr(value: object) -> str:
    """Not a shortened one: what differs may stand at the end."""
    try:
        return repr(value)
    except Exception:
        return shown(value)


def _headline(error: BaseException) -> str:
    return str(error).partition("\n")[0]
