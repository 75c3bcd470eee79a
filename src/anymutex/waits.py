"""Who holds what, and who waits for what: the state that every lock keeps up to date.

Rule 1. A *hold* is one taking of a lock by one task. `holding` tells of each task the hold it took last, from
        which `outer` leads to those it took before. Every acquire links one and every release unlinks it, so
        that a report need not ask all the locks there are, and a task that holds nothing is known at once.
Rule 2. `waiting` has the waits that can be part of a ring: those of tasks that hold something themselves, and
        those that the watch of joins has asked about (`joins.py`). All others only stand in their queues.
Rule 3. `contended` has the locks that somebody queued for since they were free. `watched` has the tasks whose
        end is noticed: each that ever held a contended lock and still lives.
Rule 4. A task that ended while it held something stays in `holding` until `sweep` finds it, unless its end
        was noticed. Nothing else here outlives its run.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakSet

from anymutex import tasks

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from anymutex.stacks import Site
    from anymutex.tasks import Actor, Run, Task

UNKNOWN = math.inf
"""The deadline of a hold that nobody asked for: it excuses any wait that has a deadline."""


class Hold(Protocol):
    """One taking of a lock. An exclusive lock is its own hold."""

    owner: Task
    taken: Site
    deadline: float
    """The effective deadline when it was taken."""
    outer: Hold | None
    """What the same task took before it and still holds."""
    inner: Hold | None
    """What the same task took after it and still holds."""

    @property
    def nests(self) -> bool:
        """Whether somebody asked for another lock while holding this one, ever."""
        ...

    @nests.setter
    def nests(self, nests: bool, /) -> None: ...

    @property
    def label(self) -> str:
        """What reports call the lock."""
        ...

    def owner_ended(self) -> None:
        """The owner has ended without releasing it: those who wait must be told."""
        ...


class Bound(Protocol):
    """What locks belong to, as far as this must be known."""

    run: Run | None
    waits_it_out: bool
    """Whether waits for its locks are never part of a ring, because its user said so."""


class Wanted(Protocol):
    """What can be waited for."""

    @property
    def label(self) -> str:
        """What reports call it."""
        ...

    def bound(self) -> Bound:
        """What knows the run."""
        ...

    def blockers(self) -> Iterable[tuple[Task, Hold | None]]:
        """The tasks that keep others waiting for it, each with its hold, or None if it stands ahead."""
        ...


class Queued(Wanted, Protocol):
    """A lock that somebody queues for, as the watch of joins must know it."""

    def queued(self) -> Iterable[tuple[Ticket, Task]]:
        """Those who wait, in their order; some may have given up."""
        ...


class Ticket(Protocol):
    """What a waiting task awaits."""

    def __await__(self) -> Generator[Any, Any, object]: ...

    def done(self) -> bool:
        """Whether it was woken or has given up; its task may not have run since."""
        ...

    def set_result(self, result: object, /) -> None:
        """Wake the task: its `await` gives `result`."""
        ...

    def cancel(self) -> object:
        """Make it done without waking anybody."""
        ...


class Wait(NamedTuple):
    """A task waits for `wanted` until `deadline` at most."""

    wanted: Wanted
    ticket: Ticket
    deadline: float


holding: dict[Task, Hold] = {}
waiting: dict[Task, Wait] = {}
contended: set[Any] = set()  # of Queued
watched: set[Task] = set()
_runs_with_instrument: WeakSet[Run] = WeakSet()


class _Sweep:
    limit = 64  # how many tasks may hold something until it is looked whether some of them have ended


def holds_of(task: Task) -> Iterator[Hold]:
    """What `task` holds, the last taken first."""
    hold = holding.get(task)
    while hold is not None:
        yield hold
        hold = hold.outer


def labels_held_by(who: Actor) -> tuple[str, ...]:
    """The names of the locks that `who` holds, for reports."""
    task = tasks.task_of(who)
    return () if task is None else tuple(sorted(hold.label for hold in holds_of(task)))


def link(hold: Hold, task: Task) -> None:
    """`task` has taken `hold`."""
    if (outer := holding.get(task)) is not None:
        outer.nests = True
        outer.inner = hold
    hold.outer = outer
    holding[task] = hold


def unlink(hold: Hold) -> None:
    """The owner of `hold` gives it back; one that is not linked is no error."""
    outer, inner = hold.outer, hold.inner
    if inner is not None:
        inner.outer = outer
    elif holding.get(hold.owner) is hold:
        if outer is None:
            del holding[hold.owner]
        else:
            holding[hold.owner] = outer
    if outer is not None:
        outer.inner = inner
    hold.outer = hold.inner = None


def sweep() -> None:
    """Forget holds of tasks that ended unnoticed, when many have gathered; called now and then."""
    if len(holding) > _Sweep.limit:
        for task in [task for task in tuple(holding) if tasks.has_ended(task)]:
            holding.pop(task, None)
        _Sweep.limit = 2 * max(len(holding), 32)


def watch(task: Task) -> None:
    """From now on notice when `task` ends."""
    watched.add(task)
    if isinstance(task, asyncio.Task):
        task.add_done_callback(_ended)
    elif (run := tasks.current_run()) not in _runs_with_instrument:
        _runs_with_instrument.add(run)
        tasks.trio_lowlevel().add_instrument(_TaskEnds())


def forget_run(run: Run) -> None:
    """Drop what is left of an asyncio run that was broken off before its tasks could end."""
    for task in {*watched, *holding, *waiting}:
        if isinstance(task, asyncio.Task) and task.get_loop() is run:
            watched.discard(task)
            holding.pop(task, None)
            waiting.pop(task, None)


def _ended(task: Task) -> None:
    watched.discard(task)
    for hold in tuple(holds_of(task)):
        hold.owner_ended()
    holding.pop(task, None)


class _TaskEnds:
    """A trio Instrument: trio has no done callbacks. It ends with its run."""

    def task_exited(self, task: Task) -> None:
        if task in watched:
            _ended(task)
