"""DrivenLoop: the real asyncio loop, with the steps of its tasks let through one at a time.

Rule 1. Public API only: `call_soon`, `call_at`, `time`, `call_exception_handler` and the selector are what
        a loop may override or be given. A task's step is a `call_soon` of a bound method of the task.
Rule 2. Everything that is not a task's step keeps asyncio's order, which is documented to be FIFO, and is run
        before the next step is chosen, as far as `Settling` says.
Rule 3. Time stands still while anything can run, and then jumps to the next timer.
Rule 4. Nothing can run, no timer, no socket: that is a deadlock. All tasks are cancelled then.
Rule 5. While a worker thread runs nobody is picked, and time stands still.
Rule 6. An error of ours stops the loop, and is there to be raised after the run: asyncio would only log it.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVarTuple

from anymutex import tasks
from anymutex.errors import UsageError
from anymutex.testing.blocked import look_around
from anymutex.testing.complaint import complaint_of
from anymutex.testing.idleselector import IdleSelector
from anymutex.testing.olddeadlines import OldDeadlines
from anymutex.testing.patience import Patience
from anymutex.testing.refusals import SIGNALS, SUBPROCESSES
from anymutex.testing.settling import MOST_ROUNDS, Settling
from anymutex.testing.tasksteps import cancel_alone, stepping_task
from anymutex.testing.timers import Timers, is_ahead, settable
from anymutex.testing.workers import POLL, Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.blocked import Blocked
    from anymutex.testing.complaint import Complaint
    from anymutex.testing.idleselector import Select
    from anymutex.testing.scheduler import Scheduler

Ts = TypeVarTuple("Ts")

CANCELS = 10  # so often a task is cancelled before it is given up


class DrivenLoop(asyncio.SelectorEventLoop):
    """A loop whose tasks take the steps that a scheduler picks; an ordinary one while there is none."""

    def __init__(self) -> None:
        self.scheduler: Scheduler | None = None
        self._run: Scheduler  # the same, where there is one
        self.blocked: tuple[Blocked, ...] = ()
        self.strangers: tuple[str, ...] = ()
        self.complaints: list[Complaint] = []
        self.error: Exception | None = None
        self.workers = Workers()
        self.patience = Patience()
        self.is_settled = True
        """Whether nothing was put into the loop since the last run."""
        self._now = 0.0
        self._steps: dict[asyncio.Task[Any], Callable[[], object]] = {}
        self._running_task: asyncio.Task[Any] | None = None
        self._dispatching = False
        self._settling = Settling()
        self._is_alone = False  # nothing was put into the loop itself since our dispatcher was
        self._cancels = 0
        self._timers = Timers()
        self._old_deadlines = OldDeadlines(self._timers.ahead, is_ahead)
        self._outside = contextvars.Context()
        self._files = IdleSelector(self._look_around_idle)
        super().__init__(self._files)
        self._held_back = asyncio.Handle(_nothing, (), self)

    def begin(self, scheduler: Scheduler) -> None:
        """From now on the tasks that are started belong to a run."""
        self.scheduler = self._run = scheduler
        self.workers.begin()
        self.patience.begin()
        self._cancels = 0
        self._now = 0.0
        self._old_deadlines = OldDeadlines(self._timers.ahead, is_ahead)
        self.blocked = self.strangers = ()
        self.complaints = []

    def end(self) -> None:
        """The run is over; what it has set up is taken down."""
        self.scheduler = None
        del self._run
        self._steps.clear()
        self._timers.cancel()

    def settle(self) -> None:
        """Let what was put into the loop between two runs, such as finalizers, come to its end."""
        for _ in range(MOST_ROUNDS):
            if self.is_settled:
                return
            self.is_settled = True
            super().call_soon(self.stop)
            self.run_forever()

    def cancel_all(self) -> None:
        """Cancel the tasks of the run that still live."""
        self._cancels += 1
        for task in self._run.alive:
            task.cancel()

    def cancel_leftovers(self) -> None:
        """The program is over: let the tasks that it has left end, as `asyncio.run` does."""
        self._run.stop("over")
        while self._run.alive and self._cancels < CANCELS and not self._run.is_swallowed:
            self.cancel_all()
            self.run_forever()
        if self.workers.are_there:  # of nobody: a job that no task has waited for
            self.run_forever()

    # What asyncio calls.

    def time(self) -> float:
        """The virtual time in seconds; it begins at 0 in each run."""
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Hold back the steps of tasks, and pass on all the rest."""
        if self.scheduler is None:
            self.is_settled = False
            return super().call_soon(callback, *args, context=context)
        task = stepping_task(callback)
        if task is None:
            self._settling.note(callback, args)
            self._is_alone = False
            return super().call_soon(callback, *args, context=context)
        return self._hold_back(task, callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Note who is going to wake at a time: that tells a long sleep from a hang."""
        timer = super().call_at(settable(when), callback, *args, context=context)
        if self.scheduler is not None:
            self._timers.add(when, timer)
            self._is_alone = self._is_alone and when > self._now
        return timer

    def stop(self) -> None:
        """Stop before the next step."""
        self._is_alone = False
        super().stop()

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Note that there is news from another thread, to be dealt with before the next step."""
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self.is_settled = self._is_alone = False
        self._settling.has_news = True
        return handle

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], Any], *args: *Ts) -> asyncio.Future[Any]:
        """Note the job, to wait for its end."""
        job = super().run_in_executor(executor, func, *args)
        if self.scheduler is not None:
            self.workers.note_job(job)
        return job

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What asyncio would only log is a finding here."""
        if self.scheduler is not None:
            self.complaints.append(complaint_of(context))

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Refuse."""
        raise UsageError(SIGNALS)

    async def subprocess_exec(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse."""
        raise UsageError(SUBPROCESSES)

    subprocess_shell = subprocess_exec

    # One step after the other.

    def _hold_back(
        self,
        task: asyncio.Task[Any],
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> asyncio.Handle:
        context = contextvars.copy_context() if context is None else context
        self._steps[task] = partial(context.run, callback, *args)
        try:
            if not self._run.knows(task):
                self._run.spawned(task, self._running_task, tasks.full_name_of(task))
            self._run.woke(task)
            self.workers.note_awake(task)
        except Exception as error:  # it is ours: the program that puts a task into the loop must not get it
            self._fail(error)
        if not self._dispatching:
            self._dispatch_soon()
        return self._held_back  # nobody keeps the handle of a step

    def _dispatch_soon(self) -> None:
        self._dispatching = self._is_alone = True
        self._settling.has_news = False
        super().call_soon(self._dispatch, context=self._outside)

    def _dispatch(self) -> None:
        """Let one step after the other be taken, until the loop has something else to do in between."""
        try:
            is_moved = self._go_on_alone()
            self._dispatching = False
            if self._steps and not self._has_to_wait():
                self._dispatch_soon()
                self._settling.has_news = is_moved  # a timer is due in the next round of the loop, after this
        except Exception as error:
            self._fail(error)

    def _go_on_alone(self) -> bool:
        if self._run.stopped:
            return self._go_on_together()
        is_moved = False
        while self._steps and not self._has_to_wait():
            is_moved = self._go_on()
            if not self._is_alone or self._files.has_files:
                break  # it has callbacks to run, or files to look at
        return is_moved

    def _go_on_together(self) -> bool:
        """A run that is being cancelled is in no schedule: all go on that can, as in the plain loop."""
        for _ in range(len(self._steps)):
            if self._has_to_wait() or not self._steps:
                break
            self._let_one_go()
        return False

    def _fail(self, error: Exception) -> None:
        self.error = self.error or error
        self.stop()

    def _has_to_wait(self) -> bool:
        """Whether a worker runs, for which we'll wait when we are idle; or whether all is over."""
        return self.error is not None or (self.workers.are_there and self.workers.are_running())

    def _go_on(self) -> bool:
        """Take a step, unless the loop has to settle first; whether a timer is due now."""
        settling = self._settling
        is_over = settling.is_over
        is_moved = is_over and self._run.may_inject and self._inject()
        if is_over and not is_moved:
            settling.begin_again()
            self._let_one_go()
        else:
            settling.go_round()
            self._is_alone = False
        return is_moved

    def _inject(self) -> bool:
        """Do what the scheduler wants done to the program; whether there was any."""
        injections = self._run.injections(self._next_timer)
        for injection in injections:
            if injection.act == "cancel":
                cancel_alone(self._run.task_of(injection.task))
            else:
                seconds = self._next_timer() or 0.0
                self._now = self._timers.next_after(self._now)
                self._run.jumped_early(seconds)
        return bool(injections)

    def _next_timer(self) -> float | None:
        deadline = self._timers.next_after(self._now)
        return deadline - self._now if deadline < math.inf else None

    def _let_one_go(self) -> None:
        scheduler = self._run
        task = scheduler.pick()
        if scheduler.stopped:
            self._see_to_the_stop()
        self._running_task = task
        try:
            self._steps.pop(task)()
        except (KeyboardInterrupt, SystemExit):
            pass  # the task has it as its own exception, and whoever awaits the task will get it
        finally:
            self._running_task = None
        scheduler.stepped(task)
        if task.done():
            scheduler.exited(task)
        elif task not in self._steps:
            self.workers.note_blocked(task, task.get_coro())
        del task  # an exception that it has raised keeps this frame, which must not keep the task in turn

    def _see_to_the_stop(self) -> None:
        if self._run.takes_stop():
            self._give_up()
        if self._run.is_swallowed:
            self.stop()

    # Nothing can run.

    def _look_around_idle(self, select: Select, timeout: float | None) -> list[Any]:
        if self.scheduler is None:
            return select(timeout)
        try:
            return self._idle(select)
        except Exception as error:
            self._fail(error)
            return []

    def _idle(self, select: Select) -> list[Any]:
        if self._has_to_wait():
            found = select(POLL)
        elif self._steps:  # held back because of a worker, which waits for the loop now
            found = select(0)
        else:
            return self._be_idle(select)
        if not self._dispatching:
            self._dispatch_soon()
        return found

    def _be_idle(self, select: Select) -> list[Any]:
        if self._run.takes_stop():
            self._give_up()
            return []
        deadline = self._timers.next_after(self._now)
        if self._has_a_world_outside(deadline) and (found := self.patience.wait(select, deadline)):
            return found
        if deadline < math.inf and self._run.alive:
            self._jump_to(deadline)
        elif (self._run.stopped and self._cancels >= CANCELS) or not self._run.alive:
            self.stop()
        else:
            self._run.stop("deadlock")
            self._run.takes_stop()
            self._give_up()
        return []

    def _has_a_world_outside(self, deadline: float) -> bool:
        """Whether a socket is open, or nothing but a thread that nobody waits for may wake somebody."""
        return self._files.has_files or (deadline == math.inf and bool(self.workers.strangers()))

    def _jump_to(self, deadline: float) -> None:
        self._now = deadline
        progress = self._run.progress
        self._run.jump(deadline, lambda: self._old_deadlines.are_ahead(progress, deadline))
        if self._run.takes_stop():
            self._give_up()

    def _give_up(self) -> None:
        self.blocked = self.blocked or look_around(self._run)
        self.strangers = self.strangers or self.workers.strangers()
        self.patience.has_peer |= self._run.is_stuck and self._files.has_files
        self.cancel_all()


def _nothing() -> None:
    """What the handle of a step would call, which nobody does."""
