"""Descent: what a task's starters had written when they started it.

Rule 1. A task starts with a copy of its starter's context. So a note left there by each write is inherited:
        what stands in it was done before the task began, whatever the schedule.
Rule 2. A task that has ended before its starter went on is taken for joined.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from anymutex import starts, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.tasks import Actor

_MOST_STARTERS = 20


class Past(NamedTuple):
    """Who writes, when it last did, and the same of who started it, at that time."""

    actor: Actor
    time: int
    starter: Past | None
    ancestors: tuple[Actor, ...]
    """Who started it, and so on, as far as that is known."""

    def starters(self) -> Iterator[Past]:
        """What is known of the writes of its ancestors."""
        past = self.starter
        while past is not None:
            yield past
            past = past.starter

    def is_before(self, other: Past) -> bool:
        """Whether this happened before `other` under every schedule; `other` is what happens now."""
        if any(link.actor == self.actor and link.time >= self.time for link in other.starters()):
            return True
        return other.actor in self.ancestors and _has_ended(self.actor)


_past: ContextVar[Past | None] = ContextVar("anymutex_past", default=None)


def note(actor: Actor, time: int) -> Past:
    """Note that `actor`, which runs, does something now."""
    known = _past.get()
    if known is not None and known.actor == actor:
        past = known._replace(time=time)
    else:
        past = Past(actor, time, _shortened(known), _ancestors_of(actor, known))
    _past.set(past)
    return past


def _ancestors_of(actor: Actor, starter: Past | None) -> tuple[Actor, ...]:
    found: list[Actor] = [] if starter is None else [starter.actor, *starter.ancestors]
    parent = starts.parent_of(actor)
    while parent is not None and len(found) < 2 * _MOST_STARTERS:
        found.append(parent)
        parent = starts.parent_of(parent)
    return tuple(found[:_MOST_STARTERS])


def _shortened(starter: Past | None) -> Past | None:
    """Who starts the next one for ever must not keep all that came before."""
    if starter is None or len(starter.ancestors) < _MOST_STARTERS:
        return starter
    return starter._replace(starter=None)


def _has_ended(actor: Actor) -> bool:
    task = tasks.task_of(actor)
    return task is None or tasks.has_ended(task)
