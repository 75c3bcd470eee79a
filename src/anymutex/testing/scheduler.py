"""Scheduler: the core of one driven run, without any event loop.

Rule 1. A driver tells who was spawned, who woke and who ended, asks who goes on, and obeys. The scheduler
        never calls a driver.
Rule 2. The queue is sorted by (step of the wake-up, whether it was that task's own, spawn path): who yields
        goes behind those he has woken before, on both loops; others that wake together have no order of
        their own, and the loops differ there.
Rule 3. A strategy that raises never hangs a loop: its error is kept, the run goes on in the default order.
Rule 4. After many steps without a jump of the clock the run goes on in the default order, which is fair. Then
        a loop that waits for others by yielding ends; one that does not is a livelock. As long as tasks are
        started or end, and until each of many has had some turns, it is none.
Rule 5. Once the run is stopped its tasks are only being cancelled: nothing of that is part of the trace.
Rule 6. Before each step a strategy may ask for an *injection*: that a task is cancelled, or that the clock
        goes on although somebody can run. The driver does it, and lets the loop settle before the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from anymutex.testing.choices import Schedule
from anymutex.testing.strategy import Injecting, Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anymutex.testing.choices import Deviation, TaskId
    from anymutex.testing.strategy import Strategy

Task: TypeAlias = Any  # what a driver calls a task; hashable
Place: TypeAlias = "tuple[int, bool, TaskId]"  # in the queue: see rule 2
Stop: TypeAlias = Literal["deadlock", "hang", "livelock", "broken", "over"]
"""Why a run was stopped; `broken`: what its observer looks after does not hold; `over`: the program ended."""

MAIN = (0,)
"""The program itself, which the tool never cancels."""

SWALLOWED = 500
"""So many steps of a run that is being cancelled, and its tasks are known to swallow cancellation; but not
before each of those that were cancelled has had about `fair_turns` turns."""


@dataclass(frozen=True)
class Limits:
    """When a run is too long to be slow only."""

    fair_after: int = 2000
    """Steps without a jump of the clock, from which on they are taken in the default order; after as many of
    those since a task was started or has ended it is a livelock."""
    fair_turns: int = 20
    """But not before each task that lives has had about so many turns."""
    hang_seconds: float = 120.0
    """Virtual seconds without progress; a hang if there were also `hang_jumps` jumps of the clock."""
    hang_jumps: int = 50
    most_steps: int = 60_000
    early_seconds: float = 0.0
    """So much in all may timers of a run fire before they are due."""


class Progress(NamedTuple):
    """When something last happened that a mere heartbeat does not do."""

    now: float = 0.0
    jumps: int = 0


class Scheduler:
    """Decides, step by step, which task of one run goes on.

    Args:
        strategy: Who chooses where there is a choice.
        limits: When to call it a livelock or a hang.
        observer: Called with each task of the run after each of its steps; what it raises stops the run.
    """

    def __init__(
        self,
        strategy: Strategy,
        limits: Limits | None = None,
        observer: Callable[[Scheduler, Task], object] | None = None,
    ) -> None:
        self.trace: list[TaskId] = []
        self.queues: list[list[TaskId]] = []
        self.names: dict[TaskId, str] = {}
        self.stopped: Stop | None = None
        self.injected: list[Deviation] = []
        self.error: Exception | None = None  # the strategy's own
        self.broken: Exception | None = None  # what the observer has raised
        self.progress = Progress()
        self.jumps = 0
        self.is_cut = False  # whether there were choices that the strategy was not asked for
        self._injecting = strategy if isinstance(strategy, Injecting) and strategy.may_inject else None
        self.may_inject = self._injecting is not None
        """Whether somebody will be asked for injections."""
        self.steps_since_stop = 0
        self._stopped_tasks = 0  # so many lived when the run was stopped
        self._strategy = strategy
        self._asked_at = -1  # the step before which it was asked last
        self._is_stop_told = False
        self._early = 0.0  # how much the clock is ahead of what the program has waited for
        self._limits = limits or Limits()
        self.observer = observer
        self.by_identity: dict[int, TaskId] = {}
        """The ids of the tasks that live, by their `id()`; asked for at every step, so nobody copies it."""
        self._ids: dict[Task, TaskId] = {}
        self._tasks: dict[TaskId, Task] = {}
        self._children: dict[TaskId, int] = {}
        self._woken: dict[Task, Place] = {}  # in the order of the queue, if it is sorted
        self._is_sorted = True
        self._latest: Place = (0, False, ())  # none that was woken comes after it
        self._last_moved: dict[TaskId, int] = {}  # counted in jumps
        self._now = 0.0
        self._fair_from = self._livelock_from = 0  # steps
        self._note_jump()

    @property
    def schedule(self) -> Schedule:
        """What was chosen so far."""
        return Schedule.of_trace(self.trace, self.queues, self.injected)

    @property
    def alive(self) -> list[Task]:
        """The tasks that have not ended, in the order they were started."""
        return list(self._ids)

    @property
    def has_queue(self) -> bool:
        """Whether anybody can run."""
        return bool(self._woken)

    @property
    def cancelled(self) -> set[TaskId]:
        """The tasks that the tool has cancelled."""
        return {one.task for one in self.injected if one.act == "cancel"}

    @property
    def is_stuck(self) -> bool:
        """Whether the run was stopped because nobody who matters could go on."""
        return self.stopped in ("deadlock", "hang")

    @property
    def is_swallowed(self) -> bool:
        """Whether the tasks go on and on although they were cancelled."""
        return self.steps_since_stop > max(SWALLOWED, self._limits.fair_turns * self._stopped_tasks)

    def knows(self, task: Task) -> bool:
        """Whether `task` belongs to the run and lives."""
        return task in self._ids

    def lives(self, task_id: TaskId) -> bool:
        """Whether the task with this spawn path has not ended."""
        return task_id in self._tasks

    def is_blocked(self, task: Task) -> bool:
        """Whether `task` lives and can't run."""
        return task in self._ids and task not in self._woken

    def id_of(self, task: Task) -> TaskId:
        """The spawn path of a task that lives."""
        return self._ids[task]

    def spawned(self, task: Task, parent: Task | None, name: str) -> None:
        """`task` was started by `parent`; by nobody if it is the program itself."""
        above = self._ids.get(parent, ())
        number = self._children.get(above, 0)
        self._children[above] = number + 1
        task_id = (*above, number)
        self._ids[task] = self.by_identity[id(task)] = task_id
        self._tasks[task_id] = task
        self.names[task_id] = name
        self._note_progress()

    def woke(self, task: Task) -> None:
        """`task` can run; told twice it keeps its place."""
        if task in self._woken:
            return
        task_id = self._ids[task]
        place = len(self.trace), bool(self.trace) and self.trace[-1] == task_id, task_id
        self._is_sorted = self._is_sorted and place > self._latest
        self._latest = max(place, self._latest)
        self._woken[task] = place

    def exited(self, task: Task) -> None:
        """`task` has ended. No reference to it is kept: its errors must show in this run, not later."""
        self._woken.pop(task, None)
        del self._tasks[self._ids.pop(task)], self.by_identity[id(task)]
        self._note_progress()

    def injections(self, next_timer: Callable[[], float | None]) -> Sequence[Deviation]:
        """What the driver is to do to the program before the next step; asked again, it has nothing more.

        Args:
            next_timer: In how many seconds the next timer is due; None if there is none.
        """
        step = len(self.trace)
        if self._injecting is None or self._asked_at == step or not self._may_choose():
            return ()
        self._asked_at = step
        try:
            asked = self._injecting.inject(self._moment(step, next_timer))
        except Exception as error:
            self.error = error
            return ()
        self.injected.extend(asked)
        return asked

    def task_of(self, task_id: TaskId) -> Task:
        """The living task with this spawn path."""
        return self._tasks[task_id]

    def jumped_early(self, seconds: float) -> None:
        """The clock went on by so much to a timer, although somebody can run."""
        self._early += seconds
        self._now += seconds

    def pick(self) -> Task:
        """Who takes the next step; it is off the queue with that. Only where somebody can run."""
        if len(self._woken) == 1:
            task, (_, _, task_id) = self._woken.popitem()
            self._note_step(task_id, [task_id])
            return task
        queue = self._queue()
        task_id = self._choice(queue)
        self._note_step(task_id, queue)
        task = self._tasks[task_id]
        del self._woken[task]
        return task

    def stepped(self, task: Task) -> None:
        """`task` has taken the step it was picked for; it may have ended with that."""
        if self.observer is None or self.stopped:
            return
        try:
            self.observer(self, task)
        except Exception as error:
            self.broken = error
            self.stop("broken")

    def jump(self, now: float, has_old_timer: Callable[[], bool] = lambda: False) -> None:
        """Nobody can run; the clock goes forward to `now`, in seconds since the run began.

        Args:
            now: When the next timer is due.
            has_old_timer: Asked when a hang is suspected: is a timer ahead, or due now, that was there when
                the suspicion came up? Then somebody has only been asleep.
        """
        self._now = now
        self.jumps += 1
        self._note_jump()
        is_long = now - self.progress.now > self._limits.hang_seconds
        if is_long and self.jumps - self.progress.jumps > self._limits.hang_jumps and not has_old_timer():
            self.stop("hang")

    def stop(self, kind: Stop) -> None:
        """The run can't end by itself; the first reason counts."""
        if self.stopped is None:
            self.stopped = kind
            self._stopped_tasks = len(self._ids)

    def takes_stop(self) -> bool:
        """Whether the run was stopped since this was asked last: then the driver cancels all its tasks."""
        is_news = self.stopped is not None and not self._is_stop_told
        self._is_stop_told = self.stopped is not None
        return is_news

    def end(self) -> None:
        """Tell the strategy that the run is over."""
        try:
            self._strategy.end(self.trace)
        except Exception as error:
            self.error = self.error or error

    def _choice(self, queue: list[TaskId]) -> TaskId:
        if not self._may_choose():
            return queue[0]
        try:
            chosen = self._strategy.choose(queue, self.trace)
            if chosen not in queue:
                raise ValueError(f"{type(self._strategy).__name__} chose {chosen}, which can't run")
        except Exception as error:
            self.error = error
            return queue[0]
        return chosen

    def _may_choose(self) -> bool:
        """Whether the strategy is asked; not in the fair tail of a long run."""
        if self.stopped or self.error:
            return False
        is_long = len(self.trace) >= self._fair_from
        self.is_cut = self.is_cut or is_long
        return not is_long

    def _moment(self, step: int, next_timer: Callable[[], float | None]) -> Moment:
        done = self.cancelled
        victims = [task_id for task_id in self._ids.values() if task_id != MAIN and task_id not in done]
        left = self._limits.early_seconds - self._early
        seconds = next_timer() if left > 0 else None
        is_timer_near = seconds is not None and 0 < seconds <= left
        return Moment(step, self._queue(), victims, is_timer_near)

    def _queue(self) -> list[TaskId]:
        if not self._is_sorted:  # sorting at every step is most of what many tasks would cost
            self._woken = dict(sorted(self._woken.items(), key=lambda item: item[1]))
            self._is_sorted = True
        return [task_id for _, _, task_id in self._woken.values()]

    def _note_step(self, task_id: TaskId, queue: list[TaskId]) -> None:
        if self.stopped:
            self.steps_since_stop += 1
            return
        self.trace.append(task_id)
        self.queues.append(queue)
        if self.jumps - self._last_moved.get(task_id, 0) > self._limits.hang_jumps:
            self._note_progress()
        self._last_moved[task_id] = self.jumps
        if len(self.trace) > self._livelock_from:
            self.stop("livelock")

    def _note_jump(self) -> None:
        self._fair_from = len(self.trace) + self._limits.fair_after
        self._put_off_livelock()

    def _note_progress(self) -> None:
        self.progress = Progress(self._now, self.jumps)
        self._put_off_livelock()

    def _put_off_livelock(self) -> None:
        limits = self._limits
        steps = max(limits.fair_after, limits.fair_turns * len(self._ids))
        self._livelock_from = min(max(self._fair_from, len(self.trace)) + steps, limits.most_steps)
