"""ReaderLock: the side of an RWMutex that many tasks may hold at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.events import LockReleased
from anymutex.primitives.rwhold import RWHold
from anymutex.primitives.rwside import RWSide
from anymutex.probe import announce, listeners
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.holdings import Hold
    from anymutex.primitives.waitqueue import WaitQueue
    from anymutex.stacks import Site
    from anymutex.tasks import Task

_READS_AGAIN = """\
fix: a writer waits, which waits for the read that this task holds. Read once in the caller only, and
     call functions that expect it to be held (`assert {lock}.held()`)"""
_WRITES = """\
fix: the writer may read what it guards already; to go on as a reader, call {rw}.downgrade()"""


class ReaderLock(RWSide):
    """What `rw.reader` gives: shared with other readers, not with the writer.

    A task that holds it may take it again (and must release it as often), as long as no writer waits.
    """

    __slots__ = ()
    side = "reader"
    is_shared = True

    @ki_protected
    def release(self) -> None:
        """Give it back; the last one lets the next writer in. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        rw = self.rw
        task = rw.caller()
        hold = rw.reading.get(task)
        if hold is None:
            raise self._not_held(self.holds())
        if hold.depth > 1:
            hold.depth -= 1
        else:
            rw.facts.holdings.unlink(hold)
            del rw.reading[task]
            if rw.is_contended and not rw.reading:
                rw.admit(after_write=False)
        if listeners:
            announce(LockReleased(self, task))

    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""
        return self.rw.caller() in self.rw.reading

    def holds(self) -> Iterable[RWHold]:
        """Those of all readers."""
        return tuple(self.rw.reading.values())

    def is_free_for(self, task: Task) -> bool:
        """Whether no writer writes or waits."""
        return self.rw.may_read()

    def blockers(self) -> Iterable[tuple[Task, Hold | None]]:
        """The writer, or else the writers that wait: no reader may pass them."""
        if (writing := self.rw.writing) is not None:
            return ((writing.owner, writing),)
        return [(task, None) for ticket, task in self.rw.waiting_writers.waiting if not ticket.done()]

    def _line(self) -> WaitQueue:
        return self.rw.waiting_readers

    def _hold_of(self, task: Task) -> RWHold | None:
        return self.rw.reading.get(task)

    def _take(self, task: Task, deadline: float, site: Site) -> None:
        hold = self.rw.reading.get(task)
        if hold is not None:
            hold.depth += 1
            return
        hold = self.rw.reading[task] = RWHold(self.rw, task, None, writes=False)
        self._settled(hold, task, site, deadline)

    def _refuse_hopeless(self, task: Task) -> None:
        writing, reading = self.rw.writing, self.rw.reading.get(task)
        if writing is not None and writing.owner is task:
            self._refuse(writing, _WRITES.format(rw=self.rw.label))
        if reading is not None:
            self._refuse(reading, _READS_AGAIN.format(lock=self.label))
        self._refuse_if_owner_ended()

    def _refuse_if_owner_ended(self) -> None:
        self._refuse_ended(self.rw.writer.holds())
