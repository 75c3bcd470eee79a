"""Mutex: `anyio.Lock` with the manners of Go's `sync.Mutex`, quicker, and with errors that name the culprit.

Rule 1. Every holder really holds an inner `anyio.Lock`, a fresh one for each run; waiting happens in our
        own queue in front of it, so the inner lock is always taken by `acquire_nowait`.
Rule 2. Strict hand-off: `release` reserves the lock for the first waiter (`owner` is that task, `_granted`
        its ticket) and nobody can barge in before that task has run. A reservation whose task is cancelled
        or closed passes on to the next waiter.
Rule 3. Every acquire is a cancellation point for scopes. A free lock is taken without a yield as long as
        the thread's budget lasts; a yield that is due happens before the lock is taken.
Rule 4. A lock belongs to the run that uses it, and is free again when another run begins (`runbound.py`).
Rule 5. acquire and release change all their fields without an await between, and are protected against
        trio's KeyboardInterrupt: there is no moment at which the inner lock is held and `owner` is None.
Rule 6. acquire and release are the hot path, 2 to 3 us a pair: written out in one piece, questions asked
        once, of what `RunBound` found out about the run.
"""

from __future__ import annotations

import math
import sys
from threading import get_ident
from typing import TYPE_CHECKING, NoReturn

import anyio
from anyio.lowlevel import checkpoint

from anymutex import probe, stacks, tasks, waits
from anymutex.errors import DeadlockError, OwnerEndedError
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, LockWanted, ProblemFound
from anymutex.primitives import complaints
from anymutex.primitives.done import DONE
from anymutex.primitives.runbound import RunBound
from anymutex.primitives.waitqueue import Ticket, WaitQueue, wake
from anymutex.probe import announce, listeners
from anymutex.tasks import ki_protected, library
from anymutex.waits import contended, watched

if TYPE_CHECKING:
    from types import CodeType, TracebackType
    from typing import Any

    from anymutex.stacks import Site
    from anymutex.tasks import Run, Task

_caller = sys._getframe
_CANCELLED = -math.inf


class Mutex(RunBound):
    """A lock for the tasks of one event loop; a drop-in for `anyio.Lock`.

    Takes and gives in strict FIFO order on asyncio, uvloop and trio alike. Against `anyio.Lock` it adds:
    a free lock costs a fraction (no turn of the loop each time); waiting tasks get `OwnerEndedError` when
    the holder ends without releasing; taking it twice raises `DeadlockError` with both lines; it may be
    made at import time and used in any later run on any backend; `held`, `try_acquire` and a name.

    Do not use it between threads (that is `threading.Lock`; or go back to the loop with
    `anyio.from_thread.run`), and not where no await happens between the accesses: code between two awaits
    is atomic already.

    Args:
        name: What reports call it; by default the variable it is first assigned to.
        fast_acquire: Never yield when the lock is free. A loop over a free lock then starves other tasks.

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

    __slots__ = (
        "__weakref__",
        "_fast_acquire",
        "_granted",
        "_inner",
        "_is_contended",
        "_queue",
        "_site",
        "_users_code",
        "owner",
    )

    def __init__(self, name: str | None = None, *, fast_acquire: bool = False) -> None:
        super().__init__(name)
        self.owner: Task | None = None  # for the package's hot paths: held by the caller if it is `who()`
        self._fast_acquire = fast_acquire
        self._site: Site = self._made  # where the present owner took it
        self._users_code: CodeType | None = None  # the last function that took it, known to be the user's own
        self._granted: Ticket | None = None  # set while the lock is reserved for a task that has not run yet
        self._is_contended = False  # whether somebody queued since it was free
        self._inner: anyio.Lock = _UNBOUND
        self._queue: WaitQueue = _NO_QUEUE
        waits.know(self)

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
        """Take the lock, waiting for it in FIFO order.

        A checkpoint: raises the backend's cancellation if the surrounding scope is cancelled, always before
        the lock is taken. A free lock is usually taken without letting other tasks run; every few dozen
        acquires, or every millisecond, the thread's budget makes one of them yield first.

        Raises:
            DeadlockError: the task holds it already; the report says where it was taken.
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using the lock.
        """
        if get_ident() != self._thread or library.name != self._sign or (task := self._current()) is None:
            task = self._enter_run()
        if self.owner is None:
            if not self._fast_acquire and (self._budget.is_spent() or probe.driven):
                turn = self._budget.before_yield()
                await checkpoint()
                self._budget.after_yield(turn)
                self._enter_run()  # a run nested in this one may have used the lock meanwhile
            elif self._deadline() == _CANCELLED:
                await checkpoint()
        if (owner := self.owner) is not None:
            if owner is task or owner not in watched:
                self._refuse_hopeless(task)
                waits.watch(owner)  # a later owner is watched when the lock is handed over to it
            if not self._is_contended:
                self._be_contended()
            ticket = self._queue.draw()
            self._queue.waiting.append((ticket, task))
            if listeners:
                announce(LockWanted(self, task))
            try:
                error = await ticket
            except BaseException:
                self._give_up(ticket, task)
                raise
            if error is not None:
                self._give_up(ticket, task)
                try:
                    raise error
                finally:
                    del error, ticket  # else error -> traceback -> this frame -> error
            self._granted = None
        self._inner.acquire_nowait()
        self.owner = task
        caller = _caller(1)
        code = caller.f_code
        self._site = (code, caller.f_lasti) if code is self._users_code else self._users_site(code)
        if listeners:
            announce(LockAcquired(self, task))

    @ki_protected
    def acquire_nowait(self) -> None:
        """Take the lock if it is free, else raise. Not a checkpoint.

        Raises:
            anyio.WouldBlock: another task holds it.
            DeadlockError: the task holds it already.
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using the lock.
        """
        task = self._enter_run()
        if self.owner is None:
            self._take(task)
            return
        self._refuse_hopeless(task)
        raise anyio.WouldBlock

    @ki_protected
    def try_acquire(self) -> bool:
        """Take the lock if it is free and say whether it was; False too when the task itself holds it.

        Not a checkpoint. Go's `TryLock`, with Go's advice: correct uses are rare.

        Raises:
            OwnerEndedError: the task that held it ended without releasing it.
            RuntimeError: not in a task, or another thread's run is using the lock.
        """
        task = self._enter_run()
        if self.owner is None:
            self._take(task)
            return True
        self._refuse_if_owner_ended()
        return False

    @ki_protected
    def release(self) -> None:
        """Give the lock back, or on to the first waiter. Not a checkpoint.

        Raises:
            RuntimeError: the running task does not hold it.
        """
        try:
            self._inner.release()
        except RuntimeError:
            owner = None if self._run is None or tasks.is_over(self._run) else self.owner
            raise RuntimeError(complaints.not_held(self, owner, self._site)) from None
        owner = self.owner
        if self._is_contended:
            self._hand_over()
        else:
            self.owner = None
        if listeners:
            announce(LockReleased(self, owner))

    def locked(self) -> bool:
        """Whether some task of this run holds it."""
        return self.owner is not None and not self._is_stale()

    def held(self) -> bool:
        """Whether the running task holds it. For assertions in functions that expect it to be held."""
        owner = self.owner
        return owner is not None and get_ident() == self._thread and self.who() is owner

    def is_held_by(self, task: Task) -> bool:
        """Whether `task` holds it now."""
        return self.owner is task and self._granted is None

    def statistics(self) -> anyio.LockStatistics:
        """What `anyio.Lock.statistics()` tells: locked, the owner, and the number of waiters."""
        if not self.locked():
            return anyio.LockStatistics(locked=False, owner=None, tasks_waiting=0)
        infos = (info for info in anyio.get_running_tasks() if info.id == id(self.owner))
        owner = self._inner.statistics().owner or next(infos, None)  # reserved: no inner owner yet
        return anyio.LockStatistics(locked=True, owner=owner, tasks_waiting=len(self._queue))

    def owner_ended(self, task: Task) -> None:
        """Called by `waits` when `task`, of whom others wanted this lock, has ended."""
        if self.owner is task:
            self._be_uncontended()
            why = complaints.owner_ended(self, task, self._site)
            while self._queue.waiting:
                ticket, _ = self._queue.waiting.popleft()
                wake(ticket, OwnerEndedError(why))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} can't be copied or pickled: the copy would guard nothing")

    def __repr__(self) -> str:
        if not self.locked():
            return f"<{type(self).__name__} {self.label!r} free>"
        holder = f"held by {tasks.described(self.owner)} since {stacks.place_of(self._site)}"
        return f"<{type(self).__name__} {self.label!r} {holder}, {len(self._queue)} waiting>"

    def _is_in_use(self) -> bool:
        return self.owner is not None

    def _begin(self, last_run: Run | None) -> None:
        if last_run is not None:
            self._be_uncontended()
            if tasks.is_over(last_run):
                waits.forget_run(last_run)
        self._inner = anyio.Lock()
        self.owner = self._granted = None
        self._queue = _NO_QUEUE

    def _users_site(self, code: CodeType) -> Site:
        """Where the user's code took it, also by way of an AsyncExitStack."""
        if not stacks.is_machinery(code.co_filename):
            self._users_code = code
        return stacks.caller_site()

    def _take(self, task: Task) -> None:
        self._inner.acquire_nowait()
        self.owner = task
        self._site = stacks.caller_site()
        if listeners:
            announce(LockAcquired(self, task))

    def _hand_over(self) -> None:
        """Reserve the free lock for the first who still waits, or leave it free."""
        waiting = self._queue.waiting
        while waiting:
            ticket, task = waiting.popleft()
            if not ticket.done():  # else cancelled a moment ago, and its task will find that out
                self.owner, self._granted = task, ticket
                if task not in watched:
                    waits.watch(task)
                try:
                    ticket.set_result(None)
                except RuntimeError:  # its loop is closed: nobody is left to be woken
                    continue
                return
        self.owner = self._granted = None
        self._be_uncontended()

    def _be_contended(self) -> None:
        if self._queue is _NO_QUEUE:
            self._queue = WaitQueue(self._run)
        self._is_contended = True
        contended.add(self)

    def _be_uncontended(self) -> None:
        self._is_contended = False
        contended.discard(self)

    def _give_up(self, ticket: Ticket, task: Task) -> None:
        self._queue.leave(ticket)
        if self._granted is ticket:
            self._hand_over()
        if listeners:
            announce(LockAbandoned(self, task))

    def _refuse_hopeless(self, task: Task) -> None:
        if self.owner is task:
            report = complaints.self_deadlock(self, task, self._site)
            if listeners:
                announce(ProblemFound(report))
            raise DeadlockError(report)
        self._refuse_if_owner_ended()

    def _refuse_if_owner_ended(self) -> None:
        if tasks.has_ended(self.owner):
            raise OwnerEndedError(complaints.owner_ended(self, self.owner, self._site))


class _Unbound:
    """Stands where the inner lock will be, until the first run: nobody can hold it."""

    def release(self) -> None:
        raise RuntimeError


_UNBOUND: Any = _Unbound()
_NO_QUEUE = WaitQueue(None)  # stands for an empty queue, as long as nobody waits: a deque holds 624 bytes
