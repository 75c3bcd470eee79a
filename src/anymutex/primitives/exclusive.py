"""Exclusive: the part that all locks with one holder share. Such a lock is its own hold (`holdings.Hold`).

A class of plain methods, for classes with bases of their own: the fields are in the slots of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex import stacks, tasks, waits
from anymutex.errors import DeadlockError, OwnerEndedError
from anymutex.events import ProblemFound
from anymutex.primitives import complaints
from anymutex.primitives.locklike import LockLike
from anymutex.primitives.waitqueue import WaitQueue, wake
from anymutex.probe import announce, listeners
from anymutex.waits import contended, watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.holdings import Hold
    from anymutex.stacks import Site
    from anymutex.tasks import Task
    from anymutex.waits import Ticket

NO_QUEUE: Any = WaitQueue(None)  # an empty queue, as long as nobody waits: a deque holds 624 bytes
FIELDS = ("_granted", "_is_contended", "_queue", "deadline", "inner", "outer", "owner", "taken")


class Exclusive(LockLike):
    """A lock with one holder at a time."""

    if TYPE_CHECKING:
        __slots__ = FIELDS
        owner: Task  # or None
        taken: Site
        deadline: float
        outer: Hold | None
        inner: Hold | None
        _granted: Ticket | None  # set while it is reserved for a task that has not run yet
        _is_contended: bool  # whether somebody queued since it was free
        _queue: WaitQueue

    else:
        __slots__ = ()

    def locked(self) -> bool:
        """Whether some task of this run holds it."""
        return self.owner is not None and not self.bound().is_stale()

    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""
        owner = self.owner
        return owner is not None and self.bound().caller() is owner

    def owner_ended(self) -> None:
        """The owner has ended without releasing it: those who wait must be told."""
        self._be_uncontended()
        why = complaints.owner_ended(self, self.owner, self.taken)
        while self._queue.waiting:
            ticket, _ = self._queue.waiting.popleft()
            wake(ticket, why)

    def holds(self) -> Iterable[Hold]:
        """The lock is its own hold."""
        return () if self.owner is None else (self,)

    def blockers(self) -> Iterable[tuple[Task, Hold | None]]:
        """The owner."""
        return () if self.owner is None else ((self.owner, self),)

    def __repr__(self) -> str:
        if not self.locked():
            return f"<{self.kind} {self.label!r} free>"
        holder = f"held by {tasks.described(self.owner)} since {stacks.place_of(self.taken)}"
        return f"<{self.kind} {self.label!r} {holder}, {len(self._queue)} waiting>"

    def be_fresh(self) -> None:
        """Free, as on the first day."""
        self._be_uncontended()
        if self.owner is not None:
            self.bound().facts.holdings.unlink(self)
        self.owner = self._granted = None
        self._queue = NO_QUEUE

    def is_free_for(self, task: Task) -> bool:
        """Whether nobody has it."""
        return self.owner is None

    def _take(self, task: Task, deadline: float, site: Site) -> None:
        self.owner, self.deadline, self.taken = task, deadline, site
        self.bound().facts.holdings.link(self, task)

    def _settle(self, task: Task, site: Site) -> None:
        self._granted = None
        self.deadline = self._deadline_after_waiting()
        self.taken = site
        self.bound().facts.holdings.link(self, task)

    def _hand_over(self) -> None:
        """Reserve it, free as it is, for the first who still waits."""
        waiting = self._queue.waiting
        while waiting:
            ticket, task = waiting.popleft()
            if not ticket.done():  # else cancelled a moment ago, and its task will find that out
                self.owner, self._granted = task, ticket
                if task not in watched:
                    waits.watch(task)
                try:
                    ticket.set_result(None)
                except RuntimeError:  # its loop is closed: nobody is left to be woken
                    continue
                return
        self.owner = self._granted = None
        self._be_uncontended()

    def _line(self) -> WaitQueue:
        return self._queue

    def _leave(self, ticket: Ticket, task: Task) -> None:
        self._queue.leave(ticket)
        if self._granted is ticket:
            self._hand_over()

    def _be_waited_for(self) -> None:
        if self.owner is not None and self.owner not in watched:
            waits.watch(self.owner)  # a later owner is watched when it is handed over to it
        if not self._is_contended:
            if self._queue is NO_QUEUE:
                self._queue = WaitQueue(self.bound().run)
            self._is_contended = True
            contended.add(self)
            self.bound().facts.joins.arm()

    def _be_uncontended(self) -> None:
        self._is_contended = False
        contended.discard(self)

    def _refuse_hopeless(self, task: Task) -> None:
        if self.owner is task:
            report = complaints.self_deadlock(self, task, self.taken, fix=self.bound().fix_of_reentry)
            if listeners:
                announce(ProblemFound(report))
            raise DeadlockError(report)
        self._refuse_if_owner_ended()

    def _refuse_if_owner_ended(self) -> None:
        if self.owner is not None and self.owner not in watched and tasks.has_ended(self.owner):
            raise OwnerEndedError(complaints.owner_ended(self, self.owner, self.taken))
