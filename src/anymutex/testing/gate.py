"""Gate: an Instrument that lets the steps of trio's tasks through one at a time.

Rule 1. Public API only. `task_spawned` puts a shim in front of the task's coroutine; a step that is not the
        picked one parks its task there with `wait_task_rescheduled`, which changes nothing about
        cancellation.
Rule 2. Who goes on is picked in `before_io_wait` alone, when every task of the run is parked or waits:
        trio's own order within a batch is random, and must not show.
Rule 3. Time is a MockClock that jumps when nothing can run. trio can't tell that nothing ever will, and would
        spin: that is looked for here. All tasks are cancelled then; those that can't be are closed.
Rule 4. trio drops an instrument that raises, without a word to the program. So nothing raises here: an error
        opens the gate for good, and is there to be raised after the run.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from anymutex.testing.blocked import look_around
from anymutex.testing.driver import ThreadWatch
from anymutex.testing.olddeadlines import OldDeadlines

if TYPE_CHECKING:
    from anymutex.testing.blocked import Blocked
    from anymutex.testing.choices import TaskId
    from anymutex.testing.scheduler import Scheduler

KILLS = 20  # so often a task may go on although it was told to end
IO_PATIENCE = 1.0  # real seconds without data on a socket before the run is called stuck


class Gate(trio.abc.Instrument):
    """Lets the tasks below one nursery go on as a scheduler picks them."""

    def __init__(self, scheduler: Scheduler, clock: trio.testing.MockClock) -> None:
        self.error: Exception | None = None
        self.blocked: tuple[Blocked, ...] = ()
        self.closed: list[str] = []
        """The names of tasks that no cancellation ended."""
        self.threads = ThreadWatch()
        self._scheduler = scheduler
        self._clock = clock
        self._scopes: dict[TaskId, trio.CancelScope] = {}  # what cancels a task alone
        self._root: trio.lowlevel.Task | None = None
        self._scope: trio.CancelScope | None = None
        self._parked: set[trio.lowlevel.Task] = set()
        self._picked: trio.lowlevel.Task | None = None
        self._running: trio.lowlevel.Task | None = None
        self._condemned: set[trio.lowlevel.Task] = set()
        self._deadlines = OldDeadlines()
        self._began = self._seen = 0.0
        self._idle_rounds = 0
        self._io_until = math.inf

    def open(self, nursery: trio.Nursery) -> None:
        """From now on the tasks below `nursery` belong to the run."""
        self._root = nursery.parent_task
        self._scope = nursery.cancel_scope
        self._began = self._seen = trio.current_time()

    def admits(self, task: trio.lowlevel.Task) -> bool:
        """Whether `task` may take its step now; else it has to park."""
        if self.error is not None or self._picked is task:
            return True
        self._parked.add(task)
        return False

    def is_condemned(self, task: trio.lowlevel.Task) -> bool:
        """Whether `task` is to end here instead of going on; asked once."""
        if task not in self._condemned:
            return False
        self._condemned.discard(task)
        return True

    # What trio calls.

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Put the shim in front of a task of the run."""
        if self._is_ours(task):
            nursery = task.parent_nursery
            parent = self._running or (nursery and nursery.parent_task)
            self._scheduler.spawned(task, parent, task.name)
            task.coro = _Shim(self, task, self._cancellable(task))  # type: ignore[assignment]  # any coroutine will do

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """A task can run; that we woke a parked one ourselves is no news."""
        if task not in self._parked and self._scheduler.knows(task):
            self._scheduler.woke(task)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """The picked one begins."""
        if task is self._picked:
            self._parked.discard(task)
            self._running = task

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It has done its step."""
        if task is self._running:
            self._running = self._picked = None
            try:
                self._scheduler.stepped(task)
            except Exception as error:
                self._let_all_go(error)

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        """A task has ended."""
        if self._scheduler.knows(task):
            self._parked.discard(task)
            self._scheduler.exited(task)

    def before_io_wait(self, timeout: float) -> None:
        """All tasks stand: let one of them go on, or see why none can."""
        if self._root is None or self._picked is not None or self.error is not None:
            return
        try:
            self._note_jump()
            if self._scheduler.takes_stop():
                self._give_up()
            if not self._scheduler.has_queue:
                self._idle()
            elif not self._inject():
                self._let_one_go()
        except Exception as error:
            self._let_all_go(error)

    # One step after the other.

    def _is_ours(self, task: trio.lowlevel.Task) -> bool:
        parent = task.parent_nursery and task.parent_nursery.parent_task
        return parent is not None and (parent is self._root or self._scheduler.knows(parent))

    def _note_jump(self) -> None:
        now = trio.current_time()
        if now != self._seen:
            self._seen = now
            progress = self._scheduler.progress
            self._scheduler.jump(now - self._began, lambda: self._deadlines.are_ahead(progress, now))

    def _cancellable(self, task: trio.lowlevel.Task) -> Coroutine[Any, Any, Any]:
        """The coroutine of `task`, in a scope of its own if somebody may cancel it: trio has no other way."""
        coroutine: Coroutine[Any, Any, Any] = task.coro
        if not self._scheduler.may_inject:
            return coroutine
        scope = self._scopes[self._scheduler.id_of(task)] = trio.CancelScope()
        return _in_scope(scope, coroutine)

    def _inject(self) -> bool:
        """Do what the scheduler wants done to the program; whether trio has to see to its deadlines now."""
        is_jumped = False
        for injection in self._scheduler.injections(_next_timer):
            if injection.act == "cancel":
                self._scopes[injection.task].cancel()
            else:
                self._jump_early()
                is_jumped = True
        return is_jumped

    def _jump_early(self) -> None:
        seconds = _next_timer() or 0.0
        self._clock.jump(seconds)
        self._seen = trio.current_time()
        self._scheduler.jumped_early(seconds)

    def _let_one_go(self) -> None:
        self._idle_rounds = 0
        self._io_until = math.inf
        task = self._scheduler.pick()
        if self._scheduler.takes_stop():
            self._give_up()
        if self._scheduler.is_swallowed:
            self._condemn(task)
        self._picked = task
        if task in self._parked:
            trio.lowlevel.reschedule(task)

    def _let_all_go(self, error: Exception) -> None:
        self.error = self.error or error
        for task in self._parked:
            trio.lowlevel.reschedule(task)
        self._parked.clear()
        self._picked = self._running = None

    # Nothing can run.

    def _idle(self) -> None:
        """Twice in a row without a timer: the first time may have woken a `wait_all_tasks_blocked`."""
        statistics = trio.lowlevel.current_statistics()
        if statistics.tasks_runnable or statistics.seconds_to_next_deadline != math.inf:
            return
        if self._waits_for_the_world():
            return
        self._idle_rounds += 1
        if self._idle_rounds >= 2:
            self._idle_rounds = 0
            self._be_stuck()

    def _waits_for_the_world(self) -> bool:
        """Whether a socket or a thread may still wake somebody."""
        if _waiting_for_files() <= 1 and not self.threads.started():  # one is trio's own
            return False
        if self._io_until == math.inf:
            self._io_until = time.monotonic() + IO_PATIENCE
        time.sleep(0.0005)  # the clock is a mock: trio would poll without a pause
        return time.monotonic() < self._io_until

    def _be_stuck(self) -> None:
        if self._scheduler.stopped:
            self._close_one()
        else:
            self._scheduler.stop("deadlock")
            self._scheduler.takes_stop()
            self._give_up()

    def _give_up(self) -> None:
        self.blocked = self.blocked or look_around(self._scheduler)
        if self._scope is not None:
            self._scope.cancel()

    def _close_one(self) -> None:
        """A shield keeps a task from being cancelled. Wake one without children, and end it instead."""
        leaf = next((task for task in reversed(self._scheduler.alive) if not _children(task)), None)
        if leaf is not None:
            self._condemn(leaf)
            trio.lowlevel.reschedule(leaf)

    def _condemn(self, task: trio.lowlevel.Task) -> None:
        self._condemned.add(task)
        if task.name not in self.closed:
            self.closed.append(task.name)


class _Shim(Coroutine[Any, Any, Any]):
    """In front of the coroutine of a task: parks the task where the gate does not admit it."""

    def __init__(self, gate: Gate, task: trio.lowlevel.Task, inner: Coroutine[Any, Any, Any]) -> None:
        self._gate = gate
        self._task = task
        self._inner = inner
        self._own: Coroutine[Any, Any, Any] = task.coro  # of the program; `inner` may be around it
        self._park: Coroutine[Any, Any, Any] | None = None
        self._held: Any = None
        self._kills = 0

    def __getattr__(self, name: str) -> Any:
        """Look like the coroutine: `trio.Lock` asks for its state, and reports for its frames."""
        return getattr(self._inner, name)

    def send(self, value: Any) -> Any:
        if self._park is not None:
            value = self._unparked(value)
        elif not self._gate.admits(self._task):
            self._held = value
            self._park = trio.lowlevel.wait_task_rescheduled(_not_now)  # noqa: ASYNC105  # awaited by hand
            return self._park.send(None)
        if self._gate.is_condemned(self._task):
            return self._end()
        return self._inner.send(value)

    def throw(self, *args: Any) -> Any:
        return self._inner.throw(*args)

    def close(self) -> None:
        self._forgo()
        self._inner.close()

    def _forgo(self) -> None:
        """If the program's coroutine was never begun, it is not to be missed."""
        if self._own is not self._inner and inspect.getcoroutinestate(self._own) == inspect.CORO_CREATED:
            self._own.close()

    def __await__(self) -> Any:
        return self._inner.__await__()

    def _end(self) -> Any:
        """Make the coroutine end. It may await on its way out, as an open task group has to.

        That is why `close`, or throwing GeneratorExit, is only the last resort: both forbid it.
        """
        self._kills += 1
        self._forgo()
        if self._kills < KILLS:
            return self._inner.throw(_EndNow())
        with suppress(RuntimeError):
            self._inner.close()
        raise StopIteration

    def _unparked(self, value: Any) -> Any:
        """Finish the parking with the `value` that woke it; give what the task was to be woken with."""
        park, self._park = self._park, None
        held, self._held = self._held, None
        with suppress(StopIteration):
            park.send(value)  # type: ignore[union-attr]
        return held


class _EndNow(BaseException):
    """What no program catches by name."""


def _not_now(raise_cancel: Any) -> trio.lowlevel.Abort:
    """A parked task can run anyway, and will meet its cancellation then."""
    return trio.lowlevel.Abort.FAILED


async def _in_scope(scope: trio.CancelScope, coroutine: Coroutine[Any, Any, Any]) -> Any:
    with scope:
        return await coroutine


def _next_timer() -> float | None:
    seconds = trio.lowlevel.current_statistics().seconds_to_next_deadline
    return None if seconds == math.inf else seconds


def _children(task: trio.lowlevel.Task) -> list[trio.lowlevel.Task]:
    return [child for nursery in task.child_nurseries for child in nursery.child_tasks]


def _waiting_for_files() -> int:
    """How many tasks wait for one; each system has names of its own for it."""
    statistics = trio.lowlevel.current_statistics().io_statistics
    names = (name for name in dir(statistics) if name.startswith("tasks_waiting"))
    return sum(getattr(statistics, name) for name in names)
