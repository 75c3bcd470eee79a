"""Mutex: `anyio.Lock` with the manners of Go's `sync.Mutex`, quicker, and with errors that name the culprit.

Rule 1. Every holder really holds an inner `anyio.Lock`, a fresh one for each run; waiting happens in our
        own queue in front of it, so the inner lock is always taken by `acquire_nowait`.
Rule 2. The rules of all locks (`locklike.py`) and of those with one holder (`exclusive.py`) hold.
Rule 3. A lock belongs to the run that uses it, and is free again when another run begins (`runbound.py`).
Rule 4. There is no moment at which the inner lock is held and `owner` is None.
Rule 5. acquire and release are the hot path, 2 to 3 us a pair: written out in one piece, questions asked
        once, of what `RunFacts` found out about the run.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import TYPE_CHECKING, Literal

import anyio

from anymutex.events import LockAcquired, LockReleased, LockWanted
from anymutex.primitives import complaints
from anymutex.primitives.exclusive import FIELDS, NO_QUEUE, Exclusive
from anymutex.primitives.locklike import CANCELLED
from anymutex.primitives.runbound import RunBound
from anymutex.probe import announce, driven, listeners
from anymutex.tasks import ki_protected, library
from anymutex.waits import UNKNOWN, waiting, watched

if TYPE_CHECKING:
    from typing import Any

    from anymutex.holdings import Hold
    from anymutex.stacks import Site
    from anymutex.tasks import Task

_caller = sys._getframe


class Mutex(RunBound, Exclusive):
    """A lock for the tasks of one event loop; a drop-in for `anyio.Lock`.

    Takes and gives in strict FIFO order on asyncio, uvloop and trio alike. Against `anyio.Lock` it adds:
    a free lock costs a fraction (no turn of the loop each time); waiting tasks get `OwnerEndedError` when
    the holder ends without releasing; taking it twice, or closing a ring of tasks that wait for each other,
    raises `DeadlockError` with all lines; it may be made at import time and used in any later run on any
    backend; `held`, `try_acquire` and a name.

    Do not use it between threads (that is `threading.Lock`; or go back to the loop with
    `anyio.from_thread.run`), and not where no await happens between the accesses: code between two awaits
    is atomic already.

    Args:
        name: What reports call it; by default the variable it is first assigned to.
        fast_acquire: Never yield when the lock is free. A loop over a free lock then starves other tasks.
        deadlock: "wait" lets waits for this lock close a ring and stand, for those that a native
            `asyncio.timeout` will end: only anyio's time limits can be seen.

    Raises:
        ValueError: `deadlock` is another word.

    Example:
        >>> import anyio
        >>> from anymutex import Mutex
        >>> async def main():
        ...     mux = Mutex("mux")
        ...     async with mux:
        ...         return mux.held()
        >>> anyio.run(main)
        True
    """

    __slots__ = (*FIELDS, "__weakref__", "_inner")

    def __init__(
        self,
        name: str | None = None,
        *,
        fast_acquire: bool = False,
        deadlock: Literal["raise", "wait"] = "raise",
    ) -> None:
        super().__init__(name, fast_acquire=fast_acquire, deadlock=deadlock)
        self.owner: Task = None  # for hot paths: held by the caller if it is `facts.who()`
        self.taken: Site = self._made  # where the present owner took it
        self.deadline = UNKNOWN
        self.outer: Hold | None = None
        self.inner: Hold | None = None
        self._granted = None
        self._is_contended = False
        self._inner: anyio.Lock = _UNBOUND
        self._queue = NO_QUEUE

    @ki_protected
    async def acquire(self) -> None:
        """Take the lock, waiting for it in FIFO order.

        A checkpoint: raises the backend's cancellation if the surrounding scope is cancelled, always before
        the lock is taken. A free lock is usually taken without letting other tasks run; every few dozen
        acquires, or every millisecond, the thread's budget makes one of them yield first.

        Raises:
            DeadlockError: the task holds it already, or would close a ring of tasks that wait for each
                other; the report says who took what where.
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using the lock.
        """
        facts = self.facts
        if get_ident() != facts.thread or library.name != facts.sign or (task := facts.current()) is None:
            task = self.enter_run()
            facts = self.facts
        holdings = facts.holdings
        deadline = UNKNOWN
        if self.owner is None:
            is_due = not self.fast_acquire and (facts.budget.is_spent() or facts.thread in driven)
            if is_due or (deadline := facts.deadline()) == CANCELLED:
                await self._let_others_run()
                deadline = facts.deadline()
        if (owner := self.owner) is not None:
            if owner is task or owner not in watched or not self._is_contended:
                self._refuse_hopeless(task)
                self._be_waited_for()
            ticket = self._queue.draw()
            if holdings.last or ((solo := holdings.solo) is not None and solo.owner is task):
                self._register_if_it_holds(ticket, task)
            self._queue.waiting.append((ticket, task))
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
            self._granted = None
            deadline = facts.deadline() if holdings.nest else UNKNOWN
        self._inner.acquire_nowait()
        self.owner = task
        self.deadline = deadline
        if holdings.solo is None and not holdings.last:
            holdings.solo = self
        else:
            holdings.link(self, task)
        caller = _caller(1)
        code = caller.f_code
        self.taken = (code, caller.f_lasti) if code is self._users_code else self.users_site(caller)
        if listeners:
            announce(LockAcquired(self, task))

    @ki_protected
    def release(self) -> None:
        """Give the lock back, or on to the first waiter. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        try:
            self._inner.release()
        except RuntimeError:
            owner = None if self.is_over() else self.owner
            raise RuntimeError(complaints.not_held(self, owner, self.taken)) from None
        owner = self.owner
        holdings = self.facts.holdings
        if holdings.solo is self:
            holdings.solo = None
        else:
            holdings.unlink(self)
        if self._is_contended:
            self._hand_over()
        else:
            self.owner = None
        if listeners:
            announce(LockReleased(self, owner))

    def bound(self) -> RunBound:
        """The lock itself."""
        return self

    def _take(self, task: Task, deadline: float, site: Site) -> None:
        self._inner.acquire_nowait()
        super()._take(task, deadline, site)

    def _is_in_use(self) -> bool:
        return self.owner is not None

    def _begin(self) -> None:
        self.be_fresh()
        self._inner = anyio.Lock()


class _Unbound:
    """Stands where the inner lock will be, until the first run: nobody can hold it."""

    def release(self) -> None:
        raise RuntimeError


_UNBOUND: Any = _Unbound()
