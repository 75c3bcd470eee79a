"""Scheduler: the core of one driven run, without any event loop.

Rule 1. A driver tells who was spawned, who woke and who ended, asks who goes on, and obeys. The scheduler
        never calls a driver.
Rule 2. The queue is sorted by (step of the wake-up, spawn path): tasks that wake together have no order of
        their own, and the loops differ there.
Rule 3. A strategy that raises never hangs a loop: its error is kept, the run goes on in the default order.
Rule 4. After many steps without a jump of the clock the run goes on in the default order, which is fair. Then
        a loop that waits for others by yielding ends; one that does not is a livelock.
Rule 5. Once the run is stopped its tasks are only being cancelled: nothing of that is part of the trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from anymutex.testing.choices import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.choices import TaskId
    from anymutex.testing.strategy import Strategy

Task: TypeAlias = Any  # what a driver calls a task; hashable
Stop: TypeAlias = Literal["deadlock", "hang", "livelock", "over"]  # "over": the program ended by itself

SWALLOWED = 500
"""So many steps of a run that is being cancelled, and its tasks are known to swallow cancellation."""


@dataclass(frozen=True)
class Limits:
    """When a run is too long to be slow only."""

    fair_after: int = 2000
    """Steps without a jump of the clock, from which on they are taken in the default order; after twice as
    many it is a livelock."""
    hang_seconds: float = 120.0
    """Virtual seconds without progress; a hang if there were also `hang_jumps` jumps of the clock."""
    hang_jumps: int = 50
    most_steps: int = 60_000


class Progress(NamedTuple):
    """When something last happened that a mere heartbeat does not do."""

    now: float = 0.0
    jumps: int = 0


class Scheduler:
    """Decides, step by step, which task of one run goes on.

    Args:
        strategy: Who chooses where there is a choice.
        limits: When to call it a livelock or a hang.
        observer: Called with each task of the run after each of its steps.
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
        self.error: Exception | None = None  # the strategy's own
        self.progress = Progress()
        self.jumps = 0
        self.is_cut = False  # whether there were choices that the strategy was not asked for
        self.steps_since_stop = 0
        self._strategy = strategy
        self._limits = limits or Limits()
        self._observer = observer
        self._ids: dict[Task, TaskId] = {}
        self._children: dict[TaskId, int] = {}
        self._woken: dict[Task, tuple[int, TaskId]] = {}
        self._steps_since_jump = 0
        self._last_moved: dict[TaskId, int] = {}  # counted in jumps
        self._now = 0.0

    @property
    def schedule(self) -> Schedule:
        """What was chosen so far."""
        return Schedule.of_trace(self.trace, self.queues)

    @property
    def alive(self) -> list[Task]:
        """The tasks that have not ended, in the order they were started."""
        return list(self._ids)

    @property
    def has_queue(self) -> bool:
        """Whether anybody can run."""
        return bool(self._woken)

    @property
    def is_swallowed(self) -> bool:
        """Whether the tasks go on and on although they were cancelled."""
        return self.steps_since_stop > SWALLOWED

    def knows(self, task: Task) -> bool:
        """Whether `task` belongs to the run and lives."""
        return task in self._ids

    def id_of(self, task: Task) -> TaskId:
        """The spawn path of a task that lives."""
        return self._ids[task]

    def spawned(self, task: Task, parent: Task | None, name: str) -> None:
        """`task` was started by `parent`; by nobody if it is the program itself."""
        above = self._ids.get(parent, ())
        number = self._children.get(above, 0)
        self._children[above] = number + 1
        task_id = (*above, number)
        self._ids[task] = task_id
        self.names[task_id] = name
        self._note_progress()

    def woke(self, task: Task) -> None:
        """`task` can run; told twice it keeps its place."""
        self._woken.setdefault(task, (len(self.trace), self._ids[task]))

    def exited(self, task: Task) -> None:
        """`task` has ended. No reference to it is kept: its errors must show in this run, not later."""
        self._woken.pop(task, None)
        del self._ids[task]
        self._note_progress()

    def pick(self) -> Task:
        """Who takes the next step; it is off the queue with that. Only where somebody can run."""
        woken = self._woken
        if len(woken) == 1:
            task, (_, task_id) = woken.popitem()
            self._note_step(task_id, [task_id])
            return task
        by_id = {place[1]: task for task, place in sorted(woken.items(), key=_by_place)}
        queue = list(by_id)
        task_id = self._choice(queue)
        self._note_step(task_id, queue)
        del woken[by_id[task_id]]
        return by_id[task_id]

    def stepped(self, task: Task) -> None:
        """`task` has taken the step it was picked for; it may have ended with that."""
        if self._observer is not None and not self.stopped:
            self._observer(self, task)

    def jump(self, now: float, has_old_timer: Callable[[], bool] = lambda: False) -> None:
        """Nobody can run; the clock goes forward to `now`, in seconds since the run began.

        Args:
            now: When the next timer is due.
            has_old_timer: Asked when a hang is suspected: is a timer ahead, or due now, that was set before
                the last progress? Then somebody has only been asleep.
        """
        self._now = now
        self.jumps += 1
        self._steps_since_jump = 0
        is_long = now - self.progress.now > self._limits.hang_seconds
        if is_long and self.jumps - self.progress.jumps > self._limits.hang_jumps and not has_old_timer():
            self.stop("hang")

    def stop(self, kind: Stop) -> None:
        """The run can't end by itself; the first reason counts."""
        self.stopped = self.stopped or kind

    def end(self) -> None:
        """Tell the strategy that the run is over."""
        try:
            self._strategy.end(self.trace)
        except Exception as error:
            self.error = self.error or error

    def _choice(self, queue: list[TaskId]) -> TaskId:
        if self.stopped or self.error:
            return queue[0]
        if self._steps_since_jump >= self._limits.fair_after:
            self.is_cut = True
            return queue[0]
        try:
            chosen = self._strategy.choose(queue, self.trace)
            if chosen not in queue:
                raise ValueError(f"{type(self._strategy).__name__} chose {chosen}, which can't run")
        except Exception as error:
            self.error = error
            return queue[0]
        return chosen

    def _note_step(self, task_id: TaskId, queue: list[TaskId]) -> None:
        if self.stopped:
            self.steps_since_stop += 1
            return
        self.trace.append(task_id)
        self.queues.append(queue)
        self._steps_since_jump += 1
        if self.jumps - self._last_moved.get(task_id, 0) > self._limits.hang_jumps:
            self._note_progress()
        self._last_moved[task_id] = self.jumps
        limits = self._limits
        if self._steps_since_jump > 2 * limits.fair_after or len(self.trace) > limits.most_steps:
            self.stop("livelock")

    def _note_progress(self) -> None:
        self.progress = Progress(self._now, self.jumps)


def _by_place(item: tuple[Task, tuple[int, TaskId]]) -> tuple[int, TaskId]:
    return item[1]
