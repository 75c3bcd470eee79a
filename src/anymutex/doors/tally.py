"""Counts what SharedMaps do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.events import MapRead, MapWritten, ProblemFound
from anymutex.report import Conflict, Unguarded

if TYPE_CHECKING:
    from anymutex.events import Event


class Tally:
    """A listener that counts; it keeps no event, lest it keep the program's objects alive."""

    def __init__(self) -> None:
        self.reads = 0
        self.writes = 0
        self.conflicts = 0

    def __call__(self, event: Event) -> None:
        """Count `event`."""
        if isinstance(event, MapRead):
            self.reads += 1
        elif isinstance(event, MapWritten):
            self.writes += 1
        elif isinstance(event, ProblemFound) and isinstance(event.report, Conflict | Unguarded):
            self.conflicts += 1
