"""A program that is written for one event loop, and was started on the other.

Rule 1. Only the first run of a program is looked at, the default order: a call of the other library that
        needs an unlucky schedule is a bug of a program that runs on both.
Rule 2. What the other library raises where its loop does not run comes from its own code; from asyncio's
        code in C, which leaves no frame, it is known by its words.
"""

from __future__ import annotations

import traceback
import warnings
from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.testing.errortext import places_in
from anymutex.testing.outcome import leaves_of, text_of

if TYPE_CHECKING:
    from types import FrameType

OTHER = {"asyncio": "trio", "trio": "asyncio"}
SIGNS = RuntimeError | AttributeError | TypeError
NO_LOOP = ("no running event loop", "There is no current event loop")


class WrongBackendError(UsageError):
    """A program can't run on one backend, because it calls the library of the other."""

    def __init__(self, backend: str, reason: str) -> None:
        super().__init__(
            f"the program can't run on {backend}: {reason}; explore it with backends={OTHER[backend]!r}"
        )
        self.backend = backend
        self.reason = reason
        """`it calls asyncio at shop.py:12`"""


def refuse_the_other_loop(error: BaseException | None, backend: str) -> None:
    """Do nothing unless `error`, which ended a run on `backend`, came of a call of the other library.

    Raises:
        WrongBackendError: It did.
    """
    for leaf in leaves_of(error):
        if _is_of_the_other(leaf, backend):
            where = "".join(f" at {place}" for place in places_in(leaf)[-1:])
            _let_go(leaf)
            raise WrongBackendError(backend, f"it calls {OTHER[backend]}{where}")


def _is_of_the_other(error: BaseException, backend: str) -> bool:
    if not isinstance(error, SIGNS):
        return False
    return _raised_in(error) == OTHER[backend] or (backend == "trio" and text_of(error).startswith(NO_LOOP))


def _raised_in(error: BaseException) -> str:
    """The package in whose code it was raised."""
    frames: list[FrameType] = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")).partition(".")[0] if frames else ""


def _let_go(error: BaseException) -> None:
    """Drop the coroutines that were not begun, without the warnings that they come to: it is told anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        traceback.clear_frames(error.__traceback__)
