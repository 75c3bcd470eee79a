"""Flight: one creation of a missing value, with the tasks that wait for it ("single flight").

Rule 1. The leader creates, the followers wait for it. It is a lock whose owner is the leader: so a ring of
        tasks that create and wait is found, and a leader that is cancelled hands over to a follower.
Rule 2. When it lands, with a value or an error, all followers are woken at once with it.

Go's `golang.org/x/sync/singleflight` shares the call too; its followers share the leader's cancellation.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex.events import LockAbandoned, LockAcquired
from anymutex.primitives.exclusive import FIELDS, NO_QUEUE, Exclusive
from anymutex.primitives.waitqueue import wake
from anymutex.probe import announce, listeners
from anymutex.report import shown
from anymutex.tasks import ki_protected
from anymutex.waits import UNKNOWN

if TYPE_CHECKING:
    from types import TracebackType

    from anymutex.holdings import Hold
    from anymutex.primitives.updatelocks import UpdateLocks


class Landed(NamedTuple):
    """How a flight ended."""

    value: Any
    error: Exception | None = None
    traceback: TracebackType | None = None

    def result(self) -> Any:
        """The value, or the error raised."""
        try:
            if self.error is not None:
                raise self.error.with_traceback(self.traceback)  # else each who raises it would add to it
            return self.value
        finally:
            del self  # else error -> traceback -> this frame -> error


class Flight(Exclusive):
    """The creation of the value of one key.

    Args:
        locks: The locks of the map's keys, which know the run.
        key: The key.
    """

    __slots__ = (*FIELDS, "__weakref__", "key", "locks")

    def __init__(self, locks: UpdateLocks, key: Any) -> None:
        self.locks = locks
        self.key = key
        self.owner = self._granted = None
        self.outer: Hold | None = None
        self.inner: Hold | None = None
        self.deadline = UNKNOWN
        self._is_contended = False
        self._queue = NO_QUEUE

    @ki_protected
    async def lead_or_wait(self) -> Landed | None:
        """None for the leader, who must `land` or `release`; for a follower, how it ended."""
        task = self.locks.current_task()
        site = self.locks.users_site(sys._getframe(1))
        if self.owner is None:
            self._take(task, self.locks.facts.deadline(), site)
        elif isinstance(landed := await self._wait_for_turn(task), Landed):
            if listeners:
                announce(LockAbandoned(self, task))
            return landed
        else:
            self._settle(task, site)
        if listeners:
            announce(LockAcquired(self, task))
        return None

    @ki_protected
    def land(self, landed: Landed) -> None:
        """The leader tells all who wait."""
        self.locks.facts.holdings.unlink(self)
        self._announce_release(self.owner)
        self.owner = None
        self._be_uncontended()
        for ticket, _ in self._queue.waiting:
            wake(ticket, landed)
        self._drop()

    @ki_protected
    def release(self) -> None:
        """The leader could not go on: the next one leads."""
        self.locks.facts.holdings.unlink(self)
        self._announce_release(self.owner)
        self._hand_over()

    @property
    def label(self) -> str:
        """What reports call it: `prices['tea']`."""
        return f"{self.locks.label}[{shown(self.key)}]"

    @property
    def kind(self) -> str:
        """What reports call its kind."""
        return self.locks.kind

    def bound(self) -> UpdateLocks:
        """The locks of the map's keys."""
        return self.locks

    def _ends_wait(self, news: object) -> bool:
        return news is None or isinstance(news, Landed)

    def _hand_over(self) -> None:
        super()._hand_over()
        if self.owner is None:
            self._drop()

    def _drop(self) -> None:
        if self.locks.flights.get(self.key) is self:
            del self.locks.flights[self.key]
