"""Holdings: what the tasks of one run hold now.

Rule 1. Every acquire takes its hold down here and every release takes it out, so that a task that holds
        nothing is known at once, and a report need not ask all the locks there are.
Rule 2. `solo` is a hold of a task that holds nothing else. The holds of all other tasks are in `last`: of
        each the one it took last, from which `outer` leads to those it took before.
        Why not all of them in `last`: to fill and empty a dict by turns takes three times as long (150
        against 54 ns on 3.11, of a cycle of 3 us). Hot paths read and write `solo` themselves.
Rule 3. A hold of a task that ended stays here until it is told (`waits.py`), or until many have gathered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from anymutex import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.stacks import Site
    from anymutex.tasks import Task


class Hold(Protocol):
    """One taking of a lock by one task. An exclusive lock is its own hold."""

    owner: Task
    taken: Site
    deadline: float
    """The effective deadline when it was taken."""
    outer: Hold | None
    """What the same task took before it and still holds."""
    inner: Hold | None
    """What the same task took after it and still holds."""

    @property
    def label(self) -> str:
        """What reports call the lock."""
        ...

    def owner_ended(self) -> None:
        """The owner has ended without releasing it: those who wait must be told."""
        ...


class Holdings:
    """The holds of one run."""

    __slots__ = ("__weakref__", "_limit", "last", "solo")
    nest = False
    """Whether any task of this process ever asked for a lock while holding another, see `note_nesting`."""

    def __init__(self) -> None:
        self.solo: Hold | None = None
        self.last: dict[Task, Hold] = {}
        self._limit = 64  # how many tasks may be in `last` until it is looked whether some have ended

    def last_of(self, task: Task) -> Hold | None:
        """What `task` took last and still holds."""
        solo = self.solo
        return solo if solo is not None and solo.owner is task else self.last.get(task)

    def owners(self) -> list[Task]:
        """All tasks that hold something."""
        return [*self.last, *(() if self.solo is None else (self.solo.owner,))]

    def holds_of(self, task: Task) -> Iterator[Hold]:
        """What `task` holds, the last taken first."""
        hold = self.last_of(task)
        while hold is not None:
            yield hold
            hold = hold.outer

    def link(self, hold: Hold, task: Task) -> None:
        """`task` has taken `hold`."""
        if self.solo is None and task not in self.last:
            self.solo = hold
            return
        outer = self.last_of(task)
        if outer is not None:
            if outer is self.solo:
                self.solo = None
            note_nesting()
            outer.inner = hold
        hold.outer = outer
        self.last[task] = hold
        if len(self.last) > self._limit:
            self._sweep()

    def unlink(self, hold: Hold) -> None:
        """The owner of `hold` gives it back; one that is not here is no error."""
        outer, inner = hold.outer, hold.inner
        if self.solo is hold:
            self.solo = None
        elif inner is not None:
            inner.outer = outer
        elif self.last.get(hold.owner) is hold:
            if outer is None:
                del self.last[hold.owner]
            else:
                self.last[hold.owner] = outer
        if outer is not None:
            outer.inner = inner
        hold.outer = hold.inner = None

    def forget(self, task: Task) -> None:
        """Drop all holds of `task`, which has ended."""
        if self.solo is not None and self.solo.owner is task:
            self.solo = None
        self.last.pop(task, None)

    def _sweep(self) -> None:
        """Drop holds of tasks that ended unnoticed, when many have gathered."""
        for task in filter(tasks.has_ended, tuple(self.last)):
            del self.last[task]
        self._limit = 2 * max(len(self.last), 32)


def note_nesting() -> None:
    """Locks are nested here: from now on each hold must know its deadline.

    To ask for it takes about a tenth of a contended hand-over, for nothing in programs that never nest. A
    lock that was handed over before this has no known deadline.
    """
    Holdings.nest = True
