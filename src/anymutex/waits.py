"""Who waits for what, held by whom.

Rule 1. Asked on the contended path and by reports only: an uncontended lock never comes here.
Rule 2. `contended` holds the locks that are held and that somebody has queued for since they were free, so
        that they can be told when their owner ends. `watched` holds the tasks whose end is noticed: every
        task that ever owned a contended lock and still lives.
Rule 3. `known` holds every lock weakly: this file keeps no lock alive that nobody waits for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet, ref

from anymutex import tasks

if TYPE_CHECKING:
    from anymutex.tasks import Actor, Run, Task


class Owned(Protocol):
    """A lock, as far as this file must know one."""

    @property
    def label(self) -> str:
        """What reports call it."""
        ...

    def is_held_by(self, task: Task) -> bool:
        """Whether `task` holds it now."""
        ...

    def owner_ended(self, task: Task) -> None:
        """`task` has ended: if it still held the lock, the waiters must be told."""
        ...


known: set[ref[Owned]] = set()
contended: set[Owned] = set()
watched: set[Task] = set()
_runs_with_instrument: WeakSet[Run] = WeakSet()


def labels_held_by(who: Actor) -> tuple[str, ...]:
    """The names of the locks that `who` holds, for reports."""
    task = tasks.task_of(who)
    return () if task is None else tuple(sorted(lock.label for lock in _all_known() if lock.is_held_by(task)))


def know(lock: Owned) -> None:
    """Remember `lock` for reports, as long as it lives."""
    known.add(ref(lock, known.discard))


def _all_known() -> list[Owned]:
    # No WeakSet: `tuple` of a set runs no Python code, so that no other thread can add to it meanwhile.
    locks = [lock_ref() for lock_ref in tuple(known)]
    return [lock for lock in locks if lock is not None]


def watch(task: Task) -> None:
    """From now on tell contended locks when `task` ends."""
    watched.add(task)
    if isinstance(task, asyncio.Task):
        task.add_done_callback(_ended)
    elif (run := tasks.current_run()) not in _runs_with_instrument:
        _runs_with_instrument.add(run)
        tasks.trio_lowlevel().add_instrument(_TaskEnds())


def forget_run(run: Run) -> None:
    """Drop what is left of an asyncio run that was broken off before its tasks could end."""
    watched.difference_update(
        [task for task in watched if isinstance(task, asyncio.Task) and task.get_loop() is run]
    )


def _ended(task: Task) -> None:
    watched.discard(task)
    for lock in tuple(contended):
        lock.owner_ended(task)


class _TaskEnds:
    """A trio Instrument: trio has no done callbacks. It ends with its run."""

    def task_exited(self, task: Task) -> None:
        if task in watched:
            _ended(task)
