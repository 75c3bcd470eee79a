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
    """A hold (`waits.Hold`) of one side.

    Args:
        rw: The lock.
        owner: The task that has it, or for which it is reserved.
        ticket: What the task waits on until it has run; None if it has it already.
        writes: Whether it is the writer's.
    """

    __slots__ = (
        "deadline",
        "depth",
        "inner",
        "outer",
        "owner",
        "rw",
        "taken",
        "ticket",
        "was_writer",
        "writes",
    )

    def __init__(self, rw: RWMutex, owner: Task, ticket: Ticket | None, *, writes: bool) -> None:
        self.rw = rw
        self.owner = owner
        self.ticket = ticket
        self.writes = writes
        self.was_writer = False  # whether it is a reader's by `downgrade`
        self.depth = 1  # how often a reader has taken it
        self.deadline = UNKNOWN
        self.taken: Site = rw._made  # until it is taken
        self.outer: Hold | None = None
        self.inner: Hold | None = None

    @property
    def label(self) -> str:
        """What reports call the side."""
        return (self.rw.writer if self.writes else self.rw.reader).label

    def owner_ended(self) -> None:
        """The owner has ended without releasing it: those who wait must be told."""
        self.rw.hold_ended(self)
