"""OldDeadlines: whether somebody has been asleep all the time, which tells a long sleep from a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anymutex.testing.scheduler import Progress

Deadline = TypeVar("Deadline")


class OldDeadlines(Generic[Deadline]):
    """The deadlines that were ahead when the suspicion of a hang came up.

    When each was set is not known on trio. So those count as old that were there when a hang was suspected
    first, on both loops: the next beat of a heartbeat among them is soon over.

    Args:
        find: Gives those that are ahead; it may be slow, as it is asked once for a suspicion.
        is_ahead: Whether one of them is ahead still, or due now: then its task has not run yet.
    """

    def __init__(
        self, find: Callable[[], Iterable[Deadline]], is_ahead: Callable[[Deadline, float], bool]
    ) -> None:
        self._find = find
        self._is_ahead = is_ahead
        self._suspected_since: Progress | None = None
        self._old: list[Deadline] = []

    def are_ahead(self, progress: Progress, now: float) -> bool:
        """Whether one of them is ahead still.

        Args:
            progress: The last one, since when a hang is suspected. Another one is a new suspicion.
            now: By the loop's clock, which has just gone on.
        """
        if progress != self._suspected_since:
            self._suspected_since = progress
            self._old = list(self._find())
        self._old = [deadline for deadline in self._old if self._is_ahead(deadline, now)]
        return bool(self._old)
