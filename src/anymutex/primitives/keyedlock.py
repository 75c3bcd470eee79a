"""KeyedLock: the lock of one key of a KeyedMutex.

Rule 1. The one that is in `entries` keeps the state; any other of an equal key passes on to it (`in_effect`).
        It is there from the moment it is taken or waited for until nobody has or wants it.
Rule 2. While a task lets others run before it takes a free one, or collects several keys, it is pinned.
"""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Generic, TypeVar

from anymutex.primitives import complaints
from anymutex.primitives.exclusive import FIELDS, NO_QUEUE, Exclusive
from anymutex.probe import listeners
from anymutex.report import shown
from anymutex.tasks import ki_protected
from anymutex.waits import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Self

    from anymutex.holdings import Hold
    from anymutex.primitives.keyedmutex import KeyedMutex
    from anymutex.stacks import Site
    from anymutex.tasks import Task
    from anymutex.waits import Ticket

K = TypeVar("K", bound="Hashable")


class KeyedLock(Exclusive, Generic[K]):
    """What `keyed[key]` gives: a lock with all that a `Mutex` can do. Not to be made by hand.

    Args:
        keyed: The KeyedMutex it is a part of.
        key: Its key.
    """

    __slots__ = (*FIELDS, "__weakref__", "key", "keyed", "pins", "serial")

    def __init__(self, keyed: KeyedMutex[K], key: K) -> None:
        self.keyed = keyed
        self.key = key
        self.owner = self._granted = None
        self.outer: Hold | None = None
        self.inner: Hold | None = None
        self.deadline = UNKNOWN
        self._is_contended = False
        self._queue = NO_QUEUE
        self.pins = 0  # how many tasks need it to stay although nobody has it
        self.serial = 0  # its place in the order in which several are taken; 0 if nobody asked yet

    @ki_protected
    def release(self) -> None:
        """Give the lock back, or on to the first waiter. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        keyed = self.keyed
        me = keyed.entries.get(self.key, self)
        owner = me.owner
        facts = keyed.facts
        if owner is None or get_ident() != facts.thread or facts.who() is not owner:
            raise RuntimeError(me._not_held())
        facts.holdings.unlink(me)
        if me._is_contended or me.pins:
            me._hand_over()
        else:
            me.owner = None
            me._drop()
        if listeners:
            me._announce_release(owner)

    @property
    def name(self) -> str | None:
        """The KeyedMutex' name and the key, or None if that one has no name."""
        return f"{self.keyed.name}[{shown(self.key)}]" if self.keyed.name else None

    @property
    def label(self) -> str:
        """What reports call it: `sessions['ann']`."""
        return f"{self.keyed.label}[{shown(self.key)}]"

    @property
    def kind(self) -> str:
        """What reports call its kind."""
        return type(self.keyed).__name__

    def in_effect(self) -> Self:
        """The one in the table, if there is one for this key."""
        return self.keyed.entries.get(self.key, self)  # type: ignore[return-value]  # of the same class

    def locked(self) -> bool:
        """Whether some task of this run holds it."""
        return Exclusive.locked(self.in_effect())

    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""
        return Exclusive.held(self.in_effect())

    def __repr__(self) -> str:
        return Exclusive.__repr__(self.in_effect())

    def bound(self) -> KeyedMutex[K]:
        """The KeyedMutex."""
        return self.keyed

    def pin(self) -> None:
        """Keep it in the table."""
        self.keyed.entries[self.key] = self
        self.pins += 1

    def unpin(self) -> None:
        """Undo one `pin`."""
        self.pins -= 1
        self._drop_if_idle()

    async def _let_others_run(self) -> None:
        self.pin()
        try:
            await super()._let_others_run()
        finally:
            self.unpin()

    def _not_held(self) -> str:
        if self.owner is None or self.keyed.is_over():
            return complaints.not_held(self, None, self.keyed.made_site)
        return complaints.not_held(self, self.owner, self.taken)

    def _take(self, task: Task, deadline: float, site: Site) -> None:
        self.keyed.entries[self.key] = self
        super()._take(task, deadline, site)

    def _hand_over(self) -> None:
        if self._is_contended:
            super()._hand_over()
        else:
            self.owner = None
        self._drop_if_idle()

    def _leave(self, ticket: Ticket, task: Task) -> None:
        super()._leave(ticket, task)
        self._drop_if_idle()

    def _drop_if_idle(self) -> None:
        if self.owner is None and not self.pins:
            self._drop()

    def _drop(self) -> None:
        # A waiter that was cancelled may come here long after: another may keep the state by then.
        if self.keyed.entries.get(self.key) is self:
            del self.keyed.entries[self.key]
        self._queue = NO_QUEUE  # it may come back in another run
