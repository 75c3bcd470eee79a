"""What explore can't drive, refused in one clear line where the program asks for it.

asyncio's loop has methods to override for that. Where a library has functions only, they are replaced as long
as a driver lives, and refuse in a thread that drives alone: the rest of the process may go on using them.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex import probe
from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIGNALS = "explore can't drive signals: they come from outside of the schedule"
SUBPROCESSES = "explore can't drive subprocesses: they run outside of the schedule"


class Refused(NamedTuple):
    """A function of a module, and why not."""

    module: Any
    name: str
    reason: str


class Refusals:
    """Functions that are replaced while there are drivers; two of them may overlap."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        self._refused = refused
        self._originals: list[Any] = []
        self._drivers = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """One more driver."""
        with self._lock:
            self._drivers += 1
            if self._drivers == 1:
                self._originals = [getattr(one.module, one.name) for one in self._refused]
                for one, original in zip(self._refused, self._originals, strict=True):
                    setattr(one.module, one.name, _refusing(original, one.reason))

    def end(self) -> None:
        """One less; after the last one all is as it was."""
        with self._lock:
            self._drivers -= 1
            if self._drivers == 0:
                for one, original in zip(self._refused, self._originals, strict=True):
                    setattr(one.module, one.name, original)


def _refusing(function: Callable[..., Any], reason: str) -> Callable[..., Any]:
    @wraps(function)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() in probe.driven:
            raise UsageError(reason)
        return function(*args, **kwargs)

    return refuse
