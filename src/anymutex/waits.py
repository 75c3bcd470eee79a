"""Who waits for what, held by whom; whose end is noticed.

Rule 1. Asked on the contended path and by reports only: an uncontended lock never comes here.
Rule 2. `waiting` has the waits that can be part of a ring: those of tasks that hold something themselves, of
        those who keep others waiting from where they stand in a queue, and those that the watch of joins has
        asked about (`joins.py`). All others only stand in their queues.
Rule 3. `contended` has the locks that somebody queued for since they were free. `watched` has the tasks whose
        end is noticed: each that ever held a contended lock and still lives.
Rule 4. Nothing here outlives its run, except of an asyncio run that was broken off: that goes when one of its
        locks is used again.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary, WeakSet, ref

from anymutex import tasks
from anymutex.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from anymutex.holdings import Hold
    from anymutex.tasks import Actor, Run, Task

UNKNOWN = -math.inf
"""The deadline of a hold that was not asked for: it excuses nothing, as if it had been there all the time."""
NEVER = math.inf
"""The deadline of a wait that was not asked for."""


class Bound(Protocol):
    """What locks belong to, as far as this must be known."""

    run: Run | None
    waits_it_out: bool
    """Whether waits for its locks are never part of a ring, because its user said so."""


class Queued(Protocol):
    """What tasks queue for."""

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

    def queued(self) -> Iterable[tuple[Ticket, Task]]:
        """Those who wait, in their order; some may have given up."""
        ...

    def look_around(self, ticket: Ticket, task: Task) -> None:
        """Let `task`, which waits, look whether it is part of a ring."""
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

    wanted: Queued
    ticket: Ticket
    deadline: float


waiting: dict[Task, Wait] = {}
contended: set[Any] = set()  # of Queued
watched: set[Task] = set()
_holdings: WeakKeyDictionary[Run, ref[Holdings]] = WeakKeyDictionary()  # the locks of the run keep them
_runs_with_instrument: WeakSet[Run] = WeakSet()


def holdings_of(run: Run) -> Holdings:
    """What the tasks of `run` hold."""
    known = _holdings.get(run)
    holdings = None if known is None else known()
    if holdings is None:
        holdings = Holdings()
        _holdings[run] = ref(holdings)
    return holdings


def labels_held_by(who: Actor) -> tuple[str, ...]:
    """The names of the locks that `who` holds, for reports."""
    task = tasks.task_of(who)
    everywhere = [known() for known in tuple(_holdings.values())]  # `who` may be of another run
    found = (hold for holdings in everywhere if holdings for hold in holdings.holds_of(task))
    return tuple(sorted(hold.label for hold in found))


def tasks_holding() -> set[Task]:
    """Those that hold a lock, of whichever run."""
    everywhere = [known() for known in tuple(_holdings.values())]
    return {task for holdings in everywhere if holdings for task in holdings.owners()}


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
    for task in {*watched, *waiting}:
        if isinstance(task, asyncio.Task) and task.get_loop() is run:
            watched.discard(task)
            waiting.pop(task, None)
    contended.difference_update([lock for lock in tuple(contended) if lock.bound().run is run])
    _holdings.pop(run, None)


def _ended(task: Task) -> None:
    watched.discard(task)
    holdings = holdings_of(tasks.current_run())
    for hold in tuple(holdings.holds_of(task)):
        hold.owner_ended()
    holdings.forget(task)


class _TaskEnds:
    """A trio Instrument: trio has no done callbacks. It ends with its run."""

    def task_exited(self, task: Task) -> None:
        if task in watched:
            _ended(task)
