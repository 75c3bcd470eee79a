"""WriterLock: the side of an RWMutex that one task may hold, while nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.primitives.rwhold import RWHold
from anymutex.primitives.rwside import RWSide
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.holdings import Hold
    from anymutex.primitives.waitqueue import WaitQueue
    from anymutex.stacks import Site
    from anymutex.tasks import Task

_UPGRADES = """\
fix: a read can't become a write: two that tried would wait for each other. Take the writer from the
     start, or release the reader first and look again at what was read; {rw}.downgrade() goes the
     other way, from writing to reading"""


class WriterLock(RWSide):
    """What `rw.writer` gives: for one task alone."""

    __slots__ = ()
    side = "writer"
    stands_ahead = True

    @ki_protected
    def release(self) -> None:
        """Give it back; the readers that wait enter next. Not a checkpoint.

        After `downgrade` it gives the read back that became of it.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        task = self.rw.caller()
        hold = self.rw.writing
        if hold is None or hold.owner is not task:
            downgraded = self.rw.reading.get(task)
            if downgraded is None or not downgraded.was_writer:
                raise self._not_held(self.holds())
            downgraded.was_writer = False
            self.rw.reader.release()
            return
        self.rw.facts.holdings.unlink(hold)
        self._give_back(hold)
        self._announce_release(task)

    def downgrade(self) -> None:
        """Go on as a reader, see `RWMutex.downgrade`."""
        self.rw.downgrade()

    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""
        writing = self.rw.writing
        return writing is not None and self.rw.caller() is writing.owner

    def holds(self) -> Iterable[RWHold]:
        """That of the writer, if there is one."""
        return () if self.rw.writing is None else (self.rw.writing,)

    def is_free_for(self, task: Task) -> bool:
        """Whether nobody has either side."""
        return self.rw.writing is None and not self.rw.reading

    def blockers(self) -> Iterable[tuple[Task, Hold | None]]:
        """All who have it, on either side."""
        return [(hold.owner, hold) for hold in self.rw.holds()]

    def _line(self) -> WaitQueue:
        return self.rw.waiting_writers

    def _hold_of(self, task: Task) -> RWHold | None:
        writing = self.rw.writing
        return writing if writing is not None and writing.owner is task else None

    def _take(self, task: Task, deadline: float, site: Site) -> None:
        self.rw.writing = RWHold(self.rw, task, None, writes=True)
        self._settled(self.rw.writing, task, site, deadline)

    def _refuse_hopeless(self, task: Task) -> None:
        writing, reading = self.rw.writing, self.rw.reading.get(task)
        if writing is not None and writing.owner is task:
            self._refuse(writing, "")
        if reading is not None:
            self._refuse(reading, _UPGRADES.format(rw=self.rw.label))
        self._refuse_if_owner_ended()

    def _refuse_if_owner_ended(self) -> None:
        self._refuse_ended(self.rw.holds())
