"""Gate: an Instrument that lets the steps of trio's tasks through one at a time.

Rule 1. Public API only. `task_spawned` puts a shim in front of the task's coroutine; a step that is not the
        picked one parks its task there with `wait_task_rescheduled`, which changes nothing about
        cancellation.
Rule 2. Who goes on is picked in `before_io_wait` alone, when every task of the run is parked or waits:
        trio's own order within a batch is random, and must not show.
Rule 3. Time jumps when nothing can run. trio asks its clock how long to wait for files then, and is told
        `ENDLESS`; it asks for less where a task wants to know when all others are blocked, which comes first.
        Nothing can run and there is no deadline: all tasks are cancelled; those that can't be are closed.
Rule 4. While a worker thread runs nobody is picked, and time stands still.
Rule 5. trio drops an instrument that raises, without a word to the program. So nothing raises here: an error
        makes every task end at its next step, and is there to be raised after the run.
"""

from __future__ import annotations

import math
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import trio

from anymutex.testing.blocked import look_around
from anymutex.testing.nurseries import children_of, leaf_below, stands_in_nursery
from anymutex.testing.olddeadlines import OldDeadlines
from anymutex.testing.patience import SHORT
from anymutex.testing.shim import Shim
from anymutex.testing.trioclock import ENDLESS
from anymutex.testing.trioscopes import every_scope, is_ahead
from anymutex.testing.workers import POLL

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from anymutex.testing.blocked import Blocked
    from anymutex.testing.patience import Patience
    from anymutex.testing.scheduler import Scheduler
    from anymutex.testing.trioclock import TrioClock
    from anymutex.testing.workers import Workers


class Gate(trio.abc.Instrument):
    """Lets the tasks below one nursery go on as a scheduler picks them."""

    def __init__(self) -> None:
        self._root: trio.lowlevel.Task | None = None  # there is none between two runs
        self._picked: trio.lowlevel.Task | None = None

    def begin(self, scheduler: Scheduler, clock: TrioClock, workers: Workers, patience: Patience) -> None:
        """Forget the last run, and get ready for another."""
        self.error: Exception | None = None
        self.blocked: tuple[Blocked, ...] = ()
        self.strangers: tuple[str, ...] = ()
        self.closed: list[str] = []
        """The names of tasks that no cancellation ended."""
        self._scheduler = scheduler
        self._clock = clock
        self._workers = workers
        self._patience = patience
        self._scopes: dict[trio.lowlevel.Task, trio.CancelScope] = {}  # what cancels a task alone
        self._scope: trio.CancelScope | None = None
        self._parked: set[trio.lowlevel.Task] = set()
        self._condemned: set[trio.lowlevel.Task] = set()
        self._old_deadlines = OldDeadlines(every_scope, is_ahead)
        self._has_polled = False  # since it was idle
        self._io_until = math.inf

    def open(self, nursery: trio.Nursery) -> None:
        """From now on the tasks below `nursery` belong to the run."""
        self._root = nursery.parent_task
        self._scope = nursery.cancel_scope
        self._workers.begin()
        self._patience.begin()
        self._clock.begin(self._seconds_to_wait)

    def close(self) -> None:
        """The run is over."""
        self._root = self._picked = None
        self._clock.end()

    def admits(self, task: trio.lowlevel.Task) -> bool:
        """Whether `task` may take its step now; else it has to park."""
        if self._picked is task or self.error is not None:
            return True
        self._parked.add(task)
        return False

    def is_condemned(self, task: trio.lowlevel.Task) -> bool:
        """Whether `task` is to end here instead of going on."""
        if self.error is not None:
            return not children_of(task) and not stands_in_nursery(task)
        if task not in self._condemned or stands_in_nursery(task):
            return False
        self._condemned.discard(task)
        return True

    # What trio calls.

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Put the shim in front of a task of the run."""
        try:
            if self._is_ours(task):
                nursery = task.parent_nursery
                parent = self._picked or (nursery and nursery.parent_task)
                shim = Shim(self, task, self._cancellable(task))
                task.coro = shim  # type: ignore[assignment]  # any coroutine will do
                self._scheduler.spawned(task, parent, task.name)
        except Exception as error:
            self._fail(error)

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """A task can run; that we woke a parked one ourselves is no news."""
        try:
            if self._root and task not in self._parked and self._scheduler.knows(task):
                self._scheduler.woke(task)
                self._workers.note_awake(task)
        except Exception as error:
            self._fail(error)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It has done its step."""
        if task is not self._picked:
            return
        self._picked = None
        try:
            self._scheduler.stepped(task)
            if self._scheduler.is_blocked(task):
                self._workers.note_blocked(task, task.coro.inner)  # type: ignore[attr-defined]  # our shim
        except Exception as error:
            self._fail(error)

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        """A task has ended."""
        try:
            if self._root and self._scheduler.knows(task):
                self._parked.discard(task)
                self._scopes.pop(task, None)
                self._scheduler.exited(task)
        except Exception as error:
            self._fail(error)

    def before_io_wait(self, timeout: float) -> None:
        """All tasks stand: let one of them go on, or see why none can."""
        if self._root is None or self._picked is not None:
            return
        try:
            if self.error is not None:
                self._end_all(timeout)
            elif self._workers.are_there and self._workers.are_running():
                pass  # trio waits for its answer, and asks us again
            else:
                self._go_on(timeout)
        except Exception as error:
            self._fail(error)

    # One step after the other.

    def _is_ours(self, task: trio.lowlevel.Task) -> bool:
        parent = task.parent_nursery and task.parent_nursery.parent_task
        return parent is not None and (parent is self._root or isinstance(parent.coro, Shim))

    def _cancellable(self, task: trio.lowlevel.Task) -> Coroutine[Any, Any, Any]:
        """The coroutine of `task`, in a scope of its own if somebody may cancel it: trio has no other way."""
        coroutine: Coroutine[Any, Any, Any] = task.coro
        if not self._scheduler.may_inject:
            return coroutine
        scope = self._scopes[task] = trio.CancelScope()
        return _in_scope(scope, coroutine)

    def _inject(self) -> bool:
        """Do what the scheduler wants done to the program; whether trio has to see to its deadlines now."""
        is_jumped = False
        for injection in self._scheduler.injections(_next_timer):
            if injection.act == "cancel":
                self._scopes[self._scheduler.task_of(injection.task)].cancel()
            else:
                self._jump_early()
                is_jumped = True
        return is_jumped

    def _jump_early(self) -> None:
        seconds = _next_timer() or 0.0
        self._clock.jump(seconds)
        self._scheduler.jumped_early(seconds)

    def _go_on(self, timeout: float) -> None:
        if self._scheduler.takes_stop():
            self._give_up()
        if self._scheduler.has_queue:
            if not self._inject():
                self._let_one_go()
        elif timeout in (ENDLESS, POLL):
            self._idle(timeout)

    def _let_one_go(self) -> None:
        if self._io_until < math.inf:
            self._patience.note_late()
        self._stop_waiting()
        task = self._scheduler.pick()
        if self._scheduler.takes_stop():
            self._give_up()
        if self._scheduler.is_swallowed and not stands_in_nursery(task):
            self._condemn(task)
        self._picked = task
        if task in self._parked:
            trio.lowlevel.reschedule(task)
            self._parked.discard(task)

    def _fail(self, error: Exception) -> None:
        self.error = self.error or error
        for task in self._parked - {self._picked}:
            trio.lowlevel.reschedule(task)
        self._parked.clear()
        self._picked = None
        if self._scope is not None:
            self._scope.cancel()
        _wake_trio()

    # Nothing can run.

    def _seconds_to_wait(self) -> float:
        """How long trio may wait for files and threads, as its clock is asked when no task can run."""
        if self.error is not None:
            return ENDLESS
        if self._workers.are_there:
            return POLL
        if self._scheduler.has_queue:
            return 0.0
        if not self._has_a_world_outside():
            return ENDLESS
        if self._has_polled:
            return POLL
        self._has_polled = True  # what is there already has not let us wait
        return 0.0

    def _has_a_world_outside(self) -> bool:
        """Whether a socket is waited for, or nothing but a thread that nobody waits for may wake somebody."""
        if _has_files():
            return True
        return self._clock.next_deadline == math.inf and bool(self._workers.strangers())

    def _idle(self, timeout: float) -> None:
        deadline = self._clock.next_deadline
        if timeout == POLL and self._is_worth_waiting(deadline):
            return
        if deadline < math.inf:
            self._jump_to(deadline)
        elif self._scheduler.stopped:
            self._close_one()
        else:
            self._stop_waiting()
            self._scheduler.stop("deadlock")
            self._scheduler.takes_stop()
            self._give_up()
        _wake_trio()

    def _is_worth_waiting(self, deadline: float) -> bool:
        now = time.monotonic()
        if self._io_until < math.inf:
            return now < self._io_until
        seconds = self._patience.seconds(deadline)
        self._io_until = now + seconds
        if seconds == SHORT:  # trio can't wait for less than a millisecond
            time.sleep(seconds)
            _wake_trio()
        return True

    def _stop_waiting(self) -> None:
        self._has_polled = False
        self._io_until = math.inf

    def _jump_to(self, deadline: float) -> None:
        if self._io_until < math.inf:
            self._patience.note_vain()
        self._stop_waiting()
        self._clock.jump_to(deadline)
        progress = self._scheduler.progress
        self._scheduler.jump(deadline, lambda: self._old_deadlines.are_ahead(progress, deadline))
        if self._scheduler.takes_stop():
            self._give_up()

    def _give_up(self) -> None:
        self.blocked = self.blocked or look_around(self._scheduler)
        self.strangers = self.strangers or self._workers.strangers()
        self._patience.has_peer |= self._scheduler.is_stuck and _has_files()
        if self._scope is not None:
            self._scope.cancel()

    def _end_all(self, timeout: float) -> None:
        """After an error nothing counts but an end. A task that nothing wakes is woken for it."""
        leaf = leaf_below(self._root) if self._root else None
        if timeout > 0 and leaf is not None and leaf is not self._root:
            trio.lowlevel.reschedule(leaf)
            _wake_trio()

    def _close_one(self) -> None:
        """A shield keeps a task from being cancelled. Wake one without children, and end it instead."""
        leaf = next((task for task in reversed(self._scheduler.alive) if not children_of(task)), None)
        if leaf is not None:
            self._condemn(leaf)
            trio.lowlevel.reschedule(leaf)

    def _condemn(self, task: trio.lowlevel.Task) -> None:
        self._condemned.add(task)
        if task.name not in self.closed:
            self.closed.append(task.name)


def _wake_trio() -> None:
    """Let it look at its tasks and deadlines again, instead of waiting for files."""
    trio.lowlevel.current_trio_token().run_sync_soon(_nothing, idempotent=True)


def _nothing() -> None:
    pass


async def _in_scope(scope: trio.CancelScope, coroutine: Coroutine[Any, Any, Any]) -> Any:
    with scope:
        return await coroutine


def _next_timer() -> float | None:
    seconds = trio.lowlevel.current_statistics().seconds_to_next_deadline
    return None if seconds == math.inf else seconds


def _has_files() -> bool:
    """Whether a task waits for one, beside trio's own; each system has names of its own for it."""
    statistics = trio.lowlevel.current_statistics().io_statistics
    counts: list[int] = [getattr(statistics, name) for name in _counts_in(statistics.backend)]
    return sum(counts) > 1


@cache
def _counts_in(backend: str) -> list[str]:
    """Each system has other ones; asked inside a run."""
    statistics = trio.lowlevel.current_statistics().io_statistics
    return [name for name in dir(statistics) if name.startswith("tasks_waiting")]
