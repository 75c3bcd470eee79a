"""LockLike: what every lock of anymutex can do, whatever it is that it guards.

Rule 1. Strict hand-off: whoever gives a lock back reserves it for the next waiter (its ticket is then done),
        and nobody can barge in before that task has run. A reservation whose task is cancelled or closed
        passes on.
Rule 2. Every acquire is a cancellation point for scopes. A free lock is taken without a yield as long as the
        thread's budget lasts; a yield that is due happens before the lock is taken.
Rule 3. All fields are changed without an await between, and protected against trio's KeyboardInterrupt.
Rule 4. What is refused is refused before anything is changed: the others' state is left intact.

`acquire` here is the plain form. Mutex and ReaderLock write theirs out in one piece, for speed.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NoReturn

import anyio
from anyio.lowlevel import checkpoint

from anymutex import rings, tasks, waits
from anymutex.errors import DeadlockError, OwnerEndedError
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, LockWanted, ProblemFound
from anymutex.holdings import note_nesting
from anymutex.joins import LOOK, joined_by
from anymutex.primitives.done import DONE
from anymutex.probe import announce, driven, listeners
from anymutex.report import with_article
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from anymutex.holdings import Hold
    from anymutex.primitives.runbound import RunBound
    from anymutex.primitives.waitqueue import WaitQueue
    from anymutex.stacks import Site
    from anymutex.tasks import Task
    from anymutex.waits import Ticket

CANCELLED = -math.inf


class LockLike(ABC):
    """What a task can take, wait for and give back, by `async with` or by its methods."""

    __slots__ = ()
    is_shared = False
    """Whether several tasks may hold it at a time."""
    stands_ahead = False
    """Whether who waits for it may keep others waiting, without holding anything."""

    if TYPE_CHECKING:

        async def __aenter__(self) -> None: ...
        async def __aexit__(
            self,
            exc_type: type[BaseException] | None,
            exc_val: BaseException | None,
            exc_tb: TracebackType | None,
        ) -> None: ...

    else:  # awaitables, but no coroutines of their own: a frame less each on the hottest path

        @ki_protected
        def __aenter__(self):
            return self.acquire()

        @ki_protected
        def __aexit__(self, exc_type, exc_val, exc_tb):
            self.release()
            return DONE

    @ki_protected
    async def acquire(self) -> None:
        """Take it, waiting in FIFO order.

        A checkpoint: raises the backend's cancellation if the surrounding scope is cancelled, always before
        it is taken. A free one is usually taken without letting other tasks run; every few dozen acquires,
        or every millisecond, the thread's budget makes one of them yield first.

        Raises:
            DeadlockError: the task would wait for itself, or close a ring of tasks that wait for each other.
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using it.
        """
        bound = self.bound()
        task = bound.current_task()
        self = self.in_effect()
        deadline = waits.UNKNOWN
        if self.is_free_for(task):
            facts = bound.facts
            is_due = not bound.fast_acquire and (facts.budget.is_spent() or facts.thread in driven)
            if is_due or (deadline := facts.deadline()) == CANCELLED:
                await self._let_others_run()
                deadline = facts.deadline()
        if self.is_free_for(task):
            self._take(task, deadline, bound.users_site(sys._getframe(1)))
        else:
            await self._wait_for_turn(task)
            self._settle(task, bound.users_site(sys._getframe(1)))
        if listeners:
            announce(LockAcquired(self, task))

    @ki_protected
    def acquire_nowait(self) -> None:
        """Take it if it is free, else raise. Not a checkpoint.

        Raises:
            anyio.WouldBlock: another task holds it.
            DeadlockError: the task holds it already.
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using it.
        """
        task = self.bound().enter_run()
        me = self.in_effect()
        if me.is_free_for(task):
            me._take_at_once(task)
            return
        me._refuse_hopeless(task)
        raise anyio.WouldBlock

    @ki_protected
    def try_acquire(self) -> bool:
        """Take it if it is free and say whether it was; False too when the task itself holds it.

        Not a checkpoint. Go's `TryLock`, with Go's advice: correct uses are rare.

        Raises:
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using it.
        """
        task = self.bound().enter_run()
        me = self.in_effect()
        if me.is_free_for(task):
            me._take_at_once(task)
            return True
        me._refuse_if_owner_ended()
        return False

    @abstractmethod
    def release(self) -> None:
        """Give it back, or on to those who wait. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """

    @abstractmethod
    def locked(self) -> bool:
        """Whether some task of this run holds it."""

    @abstractmethod
    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What reports call it, always something."""

    def statistics(self) -> anyio.LockStatistics:
        """What `anyio.Lock.statistics()` tells: locked, the owner if it is one, and the number of waiters."""
        me = self.in_effect()
        waiting = 0 if me.bound().is_stale() else sum(not ticket.done() for ticket, _ in me.queued())
        if not me.locked():
            return anyio.LockStatistics(locked=False, owner=None, tasks_waiting=waiting)
        owners = [id(hold.owner) for hold in me.holds()]
        running = anyio.get_running_tasks() if tasks.current_run() is not None else []
        infos = (info for info in running if [info.id] == owners)
        return anyio.LockStatistics(locked=True, owner=next(infos, None), tasks_waiting=waiting)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{with_article(self.kind)} can't be copied or pickled: the copy would guard nothing")

    @property
    @abstractmethod
    def kind(self) -> str:
        """What reports call its kind."""

    def in_effect(self) -> Self:
        """The object that keeps its state: itself, as a rule."""
        return self

    def queued(self) -> Iterable[tuple[Ticket, Task]]:
        """Those who wait, in their order; some may have given up."""
        return self._line().waiting

    # What each kind of lock says of itself.

    @abstractmethod
    def bound(self) -> RunBound:
        """What knows the run: the lock itself, or what it is a part of."""

    @abstractmethod
    def _line(self) -> WaitQueue:
        """Where tasks wait for it."""

    @abstractmethod
    def is_free_for(self, task: Task) -> bool:
        """Whether `task` could have it now, without barging in."""

    @abstractmethod
    def holds(self) -> Iterable[Hold]:
        """Who has it now."""

    @abstractmethod
    def blockers(self) -> Iterable[tuple[Task, Hold | None]]:
        """The tasks that keep others waiting for it, each with its hold, or None if it stands ahead."""

    @abstractmethod
    def _take(self, task: Task, deadline: float, site: Site) -> None:
        """`task` has it from now on; it is free."""

    @abstractmethod
    def _settle(self, task: Task, site: Site) -> None:
        """It was reserved for `task`, which has it from now on."""

    @abstractmethod
    def _leave(self, ticket: Ticket, task: Task) -> None:
        """`task` waits no more: pass on what was reserved for it."""

    @abstractmethod
    def _be_waited_for(self) -> None:
        """Somebody is about to queue: be known to `waits`, and have a queue."""

    @abstractmethod
    def _refuse_hopeless(self, task: Task) -> None:
        """Raise if waiting is in vain: the task holds it itself, or the owner has ended."""

    @abstractmethod
    def _refuse_if_owner_ended(self) -> None:
        """Raise `OwnerEndedError` if that is so."""

    # Waiting.

    @ki_protected
    async def _wait_for_turn(self, task: Task) -> object:
        """Queue until it is reserved for `task` (None), or until news come that end the wait."""
        ticket = self._queue_up(task)
        while True:
            try:
                news = await ticket
            except BaseException:
                self._give_up(ticket, task)
                raise
            if self._ends_wait(news):
                break
            ticket = self._told(news, ticket, task)
        if waits.waiting:
            waits.waiting.pop(task, None)
        return news

    def _ends_wait(self, news: object) -> bool:
        """Whether the wait is over, with nothing to raise."""
        return news is None

    async def _let_others_run(self) -> None:
        """A yield is due, or a cancellation: it is free, and not taken yet."""
        bound, budget = self.bound(), self.bound().facts.budget
        turn = budget.before_yield()
        await checkpoint()
        budget.after_yield(turn)
        bound.enter_run()  # a run nested in this one may have used it meanwhile

    def _queue_up(self, task: Task) -> Ticket:
        """A place in the queue for `task`, unless it would wait for ever."""
        self._refuse_hopeless(task)
        self._be_waited_for()
        ticket = self._line().draw()
        if not self._register_if_it_holds(ticket, task) and self.stands_ahead:
            self._note_wait(ticket, task)
        self._line().waiting.append((ticket, task))
        if listeners:
            announce(LockWanted(self, task))
        return ticket

    def _register_if_it_holds(self, ticket: Ticket, task: Task) -> bool:
        """Only who holds something can close a ring by beginning to wait; say whether `task` does."""
        if self.bound().facts.holdings.last_of(task) is None:
            return False
        note_nesting()
        try:
            self._register(ticket, task)
        except DeadlockError:
            self._leave(ticket, task)
            raise
        return True

    def _register(self, ticket: Ticket, task: Task, *, looking: rings.JoinedBy = rings.nobody) -> None:
        """The wait of `task` may close a ring, now or later.

        Raises:
            DeadlockError: it does now.
        """
        wait = self._note_wait(ticket, task)
        ring = None if self.bound().waits_it_out else rings.find(task, wait, waits.waiting.get, looking)
        if ring is not None:
            report = rings.report_of(ring)
            del waits.waiting[task]
            if listeners:
                announce(ProblemFound(report))
            raise DeadlockError(report)

    def _note_wait(self, ticket: Ticket, task: Task) -> waits.Wait:
        wait = waits.waiting[task] = waits.Wait(self, ticket, self.bound().facts.deadline())
        return wait

    def look_around(self, ticket: Ticket, task: Task) -> None:
        """Let `task`, which waits, look whether it is part of a ring; it keeps its place."""
        self._line().renew(ticket, task, LOOK)

    def _told(self, news: object, ticket: Ticket, task: Task) -> Ticket:
        """The wait ended with `news` instead of the lock: raise, or wait on in the same place."""
        try:
            if news is not LOOK:
                raise OwnerEndedError(news)  # the news is the reason
            ticket = self._line().present(ticket)
            if not ticket.done():
                self._register(ticket, task, looking=joined_by)
        except BaseException:
            self._give_up(ticket, task)
            raise
        return ticket

    def _deadline_after_waiting(self) -> float:
        """What a hold must know of its deadline: only asked, for that takes long, where tasks nest locks."""
        facts = self.bound().facts
        return facts.deadline() if facts.holdings.nest else waits.UNKNOWN

    def _give_up(self, ticket: Ticket, task: Task) -> None:
        waits.waiting.pop(task, None)
        self._leave(self._line().present(ticket), task)
        if listeners:
            announce(LockAbandoned(self, task))

    def _take_at_once(self, task: Task) -> None:
        self._take(task, self.bound().facts.deadline(), self.bound().users_site(sys._getframe(2)))
        if listeners:
            announce(LockAcquired(self, task, blocking=False))

    def _announce_release(self, task: Task) -> None:
        if listeners:
            announce(LockReleased(self, task))
