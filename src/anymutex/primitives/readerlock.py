"""ReaderLock: the side of an RWMutex that many tasks may hold at a time.

Reading is what an RWMutex is there for: `acquire` and `release` are written out in one piece, as those of a
Mutex, and are the same in effect as the plain ones of `locklike.py`.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import TYPE_CHECKING

from anymutex.events import LockAcquired, LockReleased, LockWanted
from anymutex.primitives.locklike import CANCELLED
from anymutex.primitives.rwhold import RWHold
from anymutex.primitives.rwside import RWSide
from anymutex.probe import announce, driven, listeners
from anymutex.tasks import ki_protected, library
from anymutex.waits import UNKNOWN, waiting, watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.holdings import Hold
    from anymutex.primitives.waitqueue import WaitQueue
    from anymutex.stacks import Site
    from anymutex.tasks import Task

_caller = sys._getframe
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
    async def acquire(self) -> None:
        """Take it, waiting in FIFO order while a writer writes or waits.

        A checkpoint as `Mutex.acquire` is.

        Raises:
            DeadlockError: the task writes, or reads already and a writer waits; or it would close a ring of
                tasks that wait for each other.
            OwnerEndedError: the task that wrote ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using it.
        """
        rw = self.rw
        facts = rw.facts
        if get_ident() != facts.thread or library.name != facts.sign or (task := facts.current()) is None:
            task = rw.enter_run()
            facts = rw.facts
        holdings = facts.holdings
        deadline = UNKNOWN
        must_wait = not rw.may_read()
        if not must_wait:
            is_due = not rw.fast_acquire and (facts.budget.is_spent() or facts.thread in driven)
            if is_due or (deadline := facts.deadline()) == CANCELLED:
                await self._let_others_run()
                deadline = facts.deadline()
                must_wait = not rw.may_read()
        if not must_wait:
            self._take(task, deadline, rw.users_site(_caller(1)))
        else:
            writing = rw.writing
            if not rw.is_contended or task in rw.reading or (writing and writing.owner not in watched):
                self._refuse_hopeless(task)
                rw.be_waited_for()
            elif writing and writing.owner is task:
                self._refuse_hopeless(task)
            queue = rw.waiting_readers
            ticket = queue.draw()
            if task in holdings.last or ((solo := holdings.solo) is not None and solo.owner is task):
                self._register_if_it_holds(ticket, task)
            queue.waiting.append((ticket, task))
            if listeners:
                announce(LockWanted(self, task))
            while True:
                try:
                    news = await ticket
                except BaseException:
                    self._give_up(ticket, task)
                    raise
                if news is None:
                    break
                ticket = self._told(news, ticket, task)
            if waiting:
                waiting.pop(task, None)
            hold = rw.reading[task]
            hold.ticket = None
            hold.deadline = facts.deadline() if holdings.nest else UNKNOWN
            caller = _caller(1)
            code = caller.f_code
            hold.taken = (code, caller.f_lasti) if code is rw._users_code else rw.users_site(caller)
            if (solo := holdings.solo) is None or solo.owner is task or task in holdings.last:
                holdings.link(hold, task)
            else:
                holdings.last[task] = hold
        if listeners:
            announce(LockAcquired(self, task))

    @ki_protected
    def release(self) -> None:
        """Give it back; the last one lets the next writer in. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        rw = self.rw
        facts = rw.facts
        task = facts.who() if get_ident() == facts.thread else None
        hold = rw.reading.get(task)
        if hold is None:
            raise self._not_held(self.holds())
        if hold.depth > 1:
            hold.depth -= 1
        else:
            last = facts.holdings.last
            if last.get(task) is hold and hold.outer is None:
                del last[task]
            else:
                facts.holdings.unlink(hold)
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
        writing = self.rw.writing
        self._refuse_ended(() if writing is None else (writing,))
