"""RWSide: what the two sides of an RWMutex share. A side keeps nothing but its RWMutex."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from anymutex import tasks, waits
from anymutex.errors import DeadlockError, OwnerEndedError
from anymutex.events import ProblemFound
from anymutex.primitives import complaints
from anymutex.primitives.locklike import LockLike
from anymutex.probe import announce, listeners

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.primitives.rwhold import RWHold
    from anymutex.primitives.rwmutex import RWMutex
    from anymutex.stacks import Site
    from anymutex.tasks import Task
    from anymutex.waits import Ticket


class RWSide(LockLike):
    """A lock that is one side of an RWMutex. Not to be made by hand; two of one side are equal.

    Args:
        rw: The RWMutex.
    """

    __slots__ = ("rw",)
    side = ""

    def __init__(self, rw: RWMutex) -> None:
        self.rw = rw

    @property
    def name(self) -> str | None:
        """The RWMutex' name and the side, or None if that one has no name."""
        return f"{self.rw.name}.{self.side}" if self.rw.name else None

    @property
    def label(self) -> str:
        """What reports call it: `config.reader`."""
        return f"{self.rw.label}.{self.side}"

    @property
    def kind(self) -> str:
        """What reports call its kind."""
        return self.rw.kind

    @abstractmethod
    def _hold_of(self, task: Task) -> RWHold | None:
        """What `task` has of this side, or what is reserved for it."""

    def bound(self) -> RWMutex:
        """The RWMutex."""
        return self.rw

    def locked(self) -> bool:
        """Whether some task of this run holds this side."""
        return any(True for _ in self.holds()) and not self.rw.is_stale()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, RWSide) and other.rw is self.rw

    def __hash__(self) -> int:
        return hash((self.side, id(self.rw)))

    def __repr__(self) -> str:
        return f"<{self.side} of {self.rw!r}>"

    def _settled(self, hold: RWHold, task: Task, site: Site, deadline: float) -> None:
        hold.ticket = None
        hold.taken, hold.deadline = site, deadline
        self.rw.facts.holdings.link(hold, task)

    def _settle(self, task: Task, site: Site) -> None:
        hold = self._hold_of(task)
        assert hold is not None  # it was reserved
        deadline = self._deadline_after_waiting()
        self._settled(hold, task, site, deadline)

    def _be_waited_for(self) -> None:
        self.rw.be_waited_for()

    def _give_back(self, hold: RWHold) -> None:
        """Nobody has `hold` any more."""
        if hold.writes:
            self.rw.writing = None
        else:
            del self.rw.reading[hold.owner]
            if self.rw.reading:
                return  # whoever waits, waits for those too
        has_written = hold.writes and hold.ticket is None  # else it was only reserved
        self.rw.admit(after_write=has_written)

    def _leave(self, ticket: Ticket, task: Task) -> None:
        self._line().leave(ticket)
        hold = self._hold_of(task)
        if hold is not None and hold.ticket is ticket:
            self._give_back(hold)
        else:
            self.rw.admit(after_write=False)

    def _refuse(self, hold: RWHold, fix: str) -> None:
        task = hold.owner
        report = complaints.self_deadlock(self, task, hold.taken, held=hold.label, fix=fix)
        if listeners:
            announce(ProblemFound(report))
        raise DeadlockError(report)

    def _refuse_ended(self, holds: Iterable[RWHold]) -> None:
        for hold in holds:
            if hold.owner not in waits.watched and tasks.has_ended(hold.owner):
                raise OwnerEndedError(complaints.owner_ended(self, hold.owner, hold.taken))

    def _not_held(self, others: Iterable[RWHold]) -> RuntimeError:
        hold = None if self.rw.is_over() else next(iter(others), None)
        if hold is None:
            return RuntimeError(complaints.not_held(self, None, self.rw.made_site))
        return RuntimeError(complaints.not_held(self, hold.owner, hold.taken))
