"""How a program ends, decided purely: from the exception that came out of it to what to say.

Rule 1. Exit codes: 0 fine; the program's own n stays n; 1 an exception; 2 a fatal conflict or deadlock, or
        bad input; 130 Ctrl-C; 141 nobody reads our output any more; 143 SIGTERM.
Rule 2. Groups are unwrapped: a task group is how an exception travelled, not what happened.
Rule 3. Nothing is lost and nothing is a wall: each kind of fatal error is told once, what else was raised
        follows with its traceback, and what only says "stop" (Ctrl-C, an exit, a broken pipe) is not shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anymutex.errors import ConflictError, DeadlockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Fatal: TypeAlias = ConflictError | DeadlockError

INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143
# After these the user wants no other run: `--backend all` stops.
STOPPING = {INTERRUPTED, BROKEN_PIPE, TERMINATED}


class Ending(NamedTuple):
    """What to print and with which code to leave."""

    code: int
    messages: tuple[str, ...] = ()
    shown: BaseException | None = None  # to be printed with its traceback


def ending_of(error: BaseException, *, output_is_broken: bool = False) -> Ending:
    """How a program ends that let `error` out.

    Args:
        error: What came out of the loop.
        output_is_broken: Whether our own stdout or stderr has lost its reader; only then is a
            `BrokenPipeError` the end of a `... | head` and not a matter of the program's sockets.
    """
    leaves = list(leaves_of(error))
    quiet = [leaf for leaf in leaves if _is_quiet(leaf, output_is_broken)]
    return Ending(
        code=min(_rank_and_code(leaf, leaf in quiet) for leaf in leaves)[1],
        messages=(*_fatal_messages(leaves), *_other_messages(leaves)),
        shown=without(error, lambda leaf: leaf in quiet),
    )


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in `error`, groups within groups unwrapped."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from leaves_of(member)
    else:
        yield error


def fatal_in(error: BaseException) -> Fatal | None:
    """The first conflict or deadlock in `error`."""
    return next((leaf for leaf in leaves_of(error) if isinstance(leaf, Fatal)), None)


def interrupt_in(error: BaseException) -> KeyboardInterrupt | None:
    """The Ctrl-C in `error`, which trio delivers inside a group."""
    return next((leaf for leaf in leaves_of(error) if isinstance(leaf, KeyboardInterrupt)), None)


def without(error: BaseException, unwanted: Callable[[BaseException], bool]) -> BaseException | None:
    """What remains of `error` when the unwanted are gone: a group only where several remain."""
    if not isinstance(error, BaseExceptionGroup):
        return None if unwanted(error) else error
    remaining = [kept for member in error.exceptions if (kept := without(member, unwanted))]
    if len(remaining) < 2:
        return remaining[0] if remaining else None
    return error.derive(remaining).with_traceback(error.__traceback__)


def _is_quiet(leaf: BaseException, output_is_broken: bool) -> bool:
    if isinstance(leaf, BrokenPipeError):
        return output_is_broken
    return isinstance(leaf, Fatal | UsageError | KeyboardInterrupt | SystemExit)


def _rank_and_code(leaf: BaseException, quiet: bool) -> tuple[int, int]:
    """The gravest has the lowest rank, and gives the code."""
    match leaf:
        case ConflictError() | DeadlockError() | UsageError():
            return 0, 2
        case KeyboardInterrupt():
            return 1, INTERRUPTED
        case SystemExit():
            return 2, _code_of_exit(leaf)
        case BrokenPipeError() if quiet:
            return 4, BROKEN_PIPE
        case _:
            return 3, 1


def _code_of_exit(error: SystemExit) -> int:
    """As Python does it: nothing means 0, and whatever is no number is printed and means 1."""
    if error.code is None:
        return 0
    return error.code & 0xFF if isinstance(error.code, int) else 1


def _fatal_messages(leaves: list[BaseException]) -> Iterator[str]:
    for kind in (ConflictError, DeadlockError):
        alike = [leaf for leaf in leaves if isinstance(leaf, kind)]
        if alike:
            yield f"fatal error: {alike[0]}"
        if len(alike) > 1:
            yield f"({len(alike) - 1} more {kind.__name__} of this run not shown)"


def _other_messages(leaves: list[BaseException]) -> Iterator[str]:
    for leaf in leaves:
        if isinstance(leaf, UsageError):
            yield f"anymutex: {leaf}"
        if isinstance(leaf, SystemExit) and not isinstance(leaf.code, int | None):
            yield str(leaf.code)
