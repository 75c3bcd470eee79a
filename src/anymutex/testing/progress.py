"""Progress: what is told while an exploration goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_SECONDS = 0.1  # between two calls


class Progress(NamedTuple):
    """How far an exploration has come on one backend."""

    backend: str
    schedules: int
    """Run on this backend."""
    seconds: float
    """Since the exploration began on this backend."""
    verdict: str
    """What could be said if it ended now: `unfinished`, `bounded`, `proved`, or `failed`."""


class Reporter:
    """Tells of the progress now and then.

    Args:
        tell: Who is told, in the thread of the exploration; None if nobody.
    """

    def __init__(self, tell: Callable[[Progress], Any] | None) -> None:
        self._tell = tell
        self._began = time.monotonic()
        self._next = self._began

    def report(self, backend: str, schedules: int, verdict: str, *, is_last: bool = False) -> None:
        """A schedule was run; told if it is the last one, or the last telling was long enough ago."""
        now = time.monotonic()
        if self._tell is not None and (is_last or now >= self._next):
            self._next = now + LEAST_SECONDS
            self._tell(Progress(backend, schedules, now - self._began, verdict))
