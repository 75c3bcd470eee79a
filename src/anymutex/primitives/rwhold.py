"""RWHold: one task's hold of an RWMutex, as a reader or as the writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.waits import UNKNOWN

if TYPE_CHECKING:
    from anymutex.holdings import Hold
    from anymutex.primitives.rwmutex import RWMutex
    from anymutex.stacks import Site
    from anymutex.tasks import Task
    from anymutex.waits import Ticket


class RWHold:
    """A hold (`holdings.Hold`) of one side.

    Args:
        rw: The lock.
        owner: The task that has it, or for which it is reserved.
        ticket: What the task waits on until it has run; None if it has it already.
        writes: Whether it is the writer's.
    """

    depth = 1
    """How often a reader has taken it."""
    was_writer = False
    """Whether it is a reader's by `downgrade`."""
    deadline = UNKNOWN
    outer: Hold | None = None
    inner: Hold | None = None

    def __init__(self, rw: RWMutex, owner: Task, ticket: Ticket | None, *, writes: bool) -> None:
        self.rw = rw
        self.owner = owner
        self.ticket = ticket
        self.writes = writes
        self.taken: Site = rw._made  # until it is taken

    @property
    def label(self) -> str:
        """What reports call the side."""
        return (self.rw.writer if self.writes else self.rw.reader).label

    def owner_ended(self) -> None:
        """The owner has ended without releasing it: those who wait must be told."""
        self.rw.hold_ended(self)
