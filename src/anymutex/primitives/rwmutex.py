"""RWMutex: many readers or one writer; who reads, who writes, who waits, and whose turn it is.

Rule 1. Phase-fair: reading and writing take turns. While a writer waits, new readers queue; when a writer
        leaves, all readers who wait at that moment enter together, and then the next writer, if one waits.
        A reader waits for one writer at most, a writer for one phase of readers and the writers before it.
Rule 2. Whoever leaves lets those in whose turn it is, by reserving a hold for each (`RWHold.ticket`); nobody
        barges in before they have run. A writer who stops waiting lets in the readers queued behind it.
Rule 3. No reader waits unless a writer writes or waits; no writer waits unless somebody has it.
Rule 4. The sides (`readerlock.py`, `writerlock.py`) keep nothing: all that is known is here.

The order is that of Brandenburg and Anderson, Spin-Based Reader-Writer Synchronization for Multiprocessor
Real-Time Systems (2010). Go's RWMutex lets the same readers in, but a reader that holds it already and reads
again behind a waiting writer hangs there; here it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn

from anymutex import tasks, waits
from anymutex.primitives import complaints
from anymutex.primitives.exclusive import NO_QUEUE
from anymutex.primitives.readerlock import ReaderLock
from anymutex.primitives.runbound import RunBound
from anymutex.primitives.rwhold import RWHold
from anymutex.primitives.waitqueue import WaitQueue, wake
from anymutex.primitives.writerlock import WriterLock
from anymutex.report import with_article
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.tasks import Task


class RWMutex(RunBound):
    """A lock that many tasks may hold for reading, or one for writing.

    `rw.reader` and `rw.writer` are locks with all that a `Mutex` can do: `async with rw.reader:`. Neither
    side starves under a steady stream of the other. A task that reads may read again, as long as no writer
    waits.

    Do not use it where the guarded part does not await while it reads (there is nothing to overlap, and a
    `Mutex` is quicker), nor between threads.

    Args:
        name: What reports call it; by default the variable it is first assigned to.
        fast_acquire: Never yield when the lock is free. A loop over a free lock then starves other tasks.
        deadlock: "wait" lets waits for it close a ring and stand, see `Mutex`.

    Raises:
        ValueError: `deadlock` is another word.

    Example:
        >>> import anyio
        >>> from anymutex import RWMutex
        >>> async def main():
        ...     config = RWMutex("config")
        ...     async with config.writer:
        ...         writing = config.writer.held(), config.reader.try_acquire()
        ...     async with config.reader:
        ...         return writing, config.reader.held()
        >>> anyio.run(main)
        ((True, False), True)
    """

    __slots__ = ("__weakref__", "is_contended", "reading", "waiting_readers", "waiting_writers", "writing")

    def __init__(
        self,
        name: str | None = None,
        *,
        fast_acquire: bool = False,
        deadlock: Literal["raise", "wait"] = "raise",
    ) -> None:
        super().__init__(name, fast_acquire=fast_acquire, deadlock=deadlock)
        # For this package's own files.
        self.reading: dict[Task, RWHold] = {}
        self.writing: RWHold | None = None
        self.is_contended = False  # whether somebody waits
        self.waiting_readers: WaitQueue = NO_QUEUE
        self.waiting_writers: WaitQueue = NO_QUEUE

    @property
    def reader(self) -> ReaderLock:
        """The side that many may hold at a time."""
        return ReaderLock(self)

    @property
    def writer(self) -> WriterLock:
        """The side that one may hold, while nobody reads."""
        return WriterLock(self)

    @ki_protected
    def downgrade(self) -> None:
        """Go on as a reader, in one step: no other writer gets in between. Not a checkpoint.

        The readers that wait enter too. Afterwards either side's `release`, and so the end of
        `async with rw.writer`, gives the read back.

        Raises:
            RuntimeError: the running task is not the writer.

        Example:
            >>> import anyio
            >>> from anymutex import RWMutex
            >>> async def main():
            ...     config = RWMutex()
            ...     async with config.writer:
            ...         config.downgrade()
            ...         return config.writer.locked(), config.reader.held()
            >>> anyio.run(main)
            (False, True)
        """
        hold = self.writing
        if hold is None or self.caller() is not hold.owner:
            raise RuntimeError(complaints.not_the_writer(self))
        hold.writes, hold.was_writer = False, True
        self.writing = None
        self.reading[hold.owner] = hold
        self.admit(after_write=True)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{with_article(self.kind)} can't be copied or pickled: the copy would guard nothing")

    def __repr__(self) -> str:
        if self.is_stale() or not (self.writing or self.reading):
            return f"<{self.kind} {self.label!r} free>"
        state = (
            f"written by {tasks.described(self.writing.owner)}"
            if self.writing
            else f"{len(self.reading)} reading"
        )
        waiting = f"{len(self.waiting_readers)} readers and {len(self.waiting_writers)} writers waiting"
        return f"<{self.kind} {self.label!r} {state}, {waiting}>"

    # For the sides.

    def holds(self) -> Iterator[RWHold]:
        """All that anybody has of it, also what is reserved."""
        if self.writing is not None:
            yield self.writing
        yield from tuple(self.reading.values())

    def may_read(self) -> bool:
        """Whether a reader that comes now need not wait."""
        return self.writing is None and not (self.is_contended and self.waiting_writers.first())

    def admit(self, *, after_write: bool) -> None:
        """Let in whose turn it is: the readers after a write or if no writer waits, else the writer."""
        if not self.is_contended:
            return
        writer = self.waiting_writers.first()
        if self.writing is None:
            if after_write or writer is None:
                self._admit_readers()
            if writer is not None and not self.reading:
                ticket, task = self.waiting_writers.waiting.popleft()
                self.writing = RWHold(self, task, ticket, writes=True)
                if task not in waits.watched:
                    waits.watch(task)
                wake(ticket)
        if self.waiting_readers.first() is None and self.waiting_writers.first() is None:
            self._be_uncontended()

    def be_waited_for(self) -> None:
        """Somebody is about to queue."""
        for hold in self.holds():  # later ones are watched when they are let in, or by who comes next
            if hold.owner not in waits.watched:
                waits.watch(hold.owner)
        if self.is_contended:
            return
        self.is_contended = True
        if self.waiting_readers is NO_QUEUE:
            self.waiting_readers, self.waiting_writers = WaitQueue(self.run), WaitQueue(self.run)
        waits.contended.update((self.reader, self.writer))
        self.facts.joins.arm()

    def hold_ended(self, hold: RWHold) -> None:
        """The owner of `hold` has ended without releasing it: those who wait for it must be told."""
        side = self.writer if hold.writes else self.reader
        why = complaints.owner_ended(side, hold.owner, hold.taken)
        queues = [self.waiting_writers, self.waiting_readers] if hold.writes else [self.waiting_writers]
        for queue in queues:
            while (entry := queue.first()) is not None:
                queue.waiting.popleft()
                wake(entry[0], why)
        self.admit(after_write=False)

    def _admit_readers(self) -> None:
        waiting, watched = self.waiting_readers.waiting, waits.watched
        while waiting:
            ticket, task = waiting.popleft()
            if not ticket.done():  # else it has given up a moment ago
                self.reading[task] = RWHold(self, task, ticket, writes=False)
                if task not in watched:
                    waits.watch(task)
                wake(ticket)

    def _be_uncontended(self) -> None:
        self.is_contended = False
        waits.contended.difference_update((self.reader, self.writer))

    def _is_in_use(self) -> bool:
        return any(True for _ in self.holds())

    def _begin(self) -> None:
        for hold in self.holds():
            self.facts.holdings.unlink(hold)
        self.reading.clear()
        self.writing = None
        self.waiting_readers = self.waiting_writers = NO_QUEUE
        self._be_uncontended()
