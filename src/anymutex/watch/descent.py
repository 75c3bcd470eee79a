"""Descent: what a task's starters had written when they started it.

Rule 1. A task starts with a copy of its starter's context. So a note left there by each write is inherited:
        what stands in it was done before the task began, whatever the schedule.
Rule 2. A task that has ended before its starter went on is taken for joined.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from anymutex import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.tasks import Actor

_MOST_STARTERS = 20


class Past(NamedTuple):
    """Who writes, when it last did, and the same of who started it, at that time."""

    actor: Actor
    time: int
    starter: Past | None
    depth: int = 0

    def starters(self) -> Iterator[Past]:
        """Who started it, and so on."""
        past = self.starter
        while past is not None:
            yield past
            past = past.starter

    def is_before(self, other: Past) -> bool:
        """Whether this happened before `other` under every schedule; `other` is what happens now."""
        if any(link.actor == self.actor and link.time >= self.time for link in other.starters()):
            return True
        return self.has_ended and any(link.actor == other.actor for link in self.starters())

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come from who wrote."""
        task = tasks.task_of(self.actor)
        return task is None or tasks.has_ended(task)


_past: ContextVar[Past | None] = ContextVar("anymutex_past", default=None)


def note(actor: Actor, time: int) -> Past:
    """Note that `actor`, which runs, writes now."""
    known = _past.get()
    if known is not None and known.actor == actor:
        past = known._replace(time=time)
    elif known is None or known.depth >= _MOST_STARTERS:  # each of which is kept alive by the next one
        past = Past(actor, time, None)
    else:
        past = Past(actor, time, known, known.depth + 1)
    _past.set(past)
    return past
