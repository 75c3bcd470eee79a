"""OldDeadlines: whether somebody has been asleep all the time, which tells a long sleep from a hang on trio.

trio tells when the next deadline is due, and not which others there are. They belong to cancel scopes, and
those are found among all objects that the collector knows: slow, so it is done once when a hang is suspected.
Scopes of earlier runs may still be among them, in cycles that were not collected yet; a scope's `repr` is all
that tells whether somebody is in it.
"""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from anymutex.testing.scheduler import Progress


class OldDeadlines:
    """The deadlines that were ahead when a suspicion came up."""

    def __init__(self) -> None:
        self._suspected_since: Progress | None = None
        self._scopes: list[trio.CancelScope] = []

    def are_ahead(self, progress: Progress, now: float) -> bool:
        """Whether one of them is ahead still.

        Args:
            progress: The last one, since when a hang is suspected. Another one is a new suspicion.
            now: By trio's clock. What is due right now is ahead: its task has not run yet.
        """
        if progress != self._suspected_since:
            self._suspected_since = progress
            self._scopes = [found for found in gc.get_objects() if type(found) is trio.CancelScope]
        self._scopes = [scope for scope in self._scopes if _is_ahead(scope, now)]
        return bool(self._scopes)


def _is_ahead(scope: trio.CancelScope, now: float) -> bool:
    return now <= scope.deadline < math.inf and ", active" in repr(scope)
