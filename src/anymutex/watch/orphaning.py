"""Rule 9, orphaned-wait: a task waits on what another task has put something else in the place of.

A local name stands for an event, a future, a queue or a lock that came from a shared slot or was put there,
or the slot itself is waited on. While the task waits, somebody else puts a new one there: whoever signals
looks into the slot and signals that one. In vain, too, is a wait that rests on a test which another task has
made come out the other way.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex import tasks
from anymutex.watch import findings, guards, ledger
from anymutex.watch.ledger import Record, close_read, content_of, open_read

if TYPE_CHECKING:
    from anymutex.watch.activations import Activation

_LIBRARIES = {"asyncio", "_asyncio", "anyio", "trio", "aiologic", "anymutex"}


class Waiting(NamedTuple):
    """A wait under way."""

    record: Record
    value: Any
    source: int


class _IsWaitable(dict[type, bool]):
    def __missing__(self, kind: type) -> bool:
        libraries = {base.__module__.partition(".")[0] for base in kind.__mro__}
        found = bool(libraries & _LIBRARIES) and not issubclass(kind, asyncio.Task)
        self[kind] = found
        return found


is_waitable = _IsWaitable()


def begin_wait(f: Activation, index: int, value: Any) -> None:
    """A task is about to wait on `value`."""
    if not is_waitable[type(value)]:
        return
    end_wait(f, index)
    for source in f.hooks.sites[index].aliases:
        for record in f.of(source):
            open_read(record.thing, record.key)
            f.waits[index] = Waiting(record, value, source)
            return


def begin_wait_under_test(f: Activation, index: int, value: Any) -> None:
    """A task is about to wait because of a test: has another task made it come out the other way since?"""
    site = f.hooks.sites[index]
    if not ledger.writes or _is_signalled(value):
        return
    for source in site.control:
        covering = [guard for guard in site.guards if source in guard.sites] if source >= 0 else []
        for record in f.of(source) if covering else ():
            remote = ledger.remote_write(record, tasks.actor())
            if remote is not None and any(guards.still_holds(guard, f) is False for guard in covering):
                open_read(record.thing, record.key)
                f.waits[index] = Waiting(record, value, source)
                return


def end_wait(f: Activation, index: int, *, is_over: bool = False) -> None:
    """The wait came to its good end: only a lock may be the wrong one."""
    waiting = f.waits.pop(index, None)
    if waiting is not None:
        if is_over and hasattr(waiting.value, "acquire") and hasattr(waiting.value, "release"):
            _look(f, index, waiting, is_signalled=False)
        close_read(waiting.record.thing, waiting.record.key)


def end_all(f: Activation) -> None:
    """The function ends while it waits: by an exception, then."""
    for index, waiting in f.waits.items():
        _look(f, index, waiting, is_signalled=_is_signalled(waiting.value))
        close_read(waiting.record.thing, waiting.record.key)
    f.waits.clear()


def _look(f: Activation, index: int, waiting: Waiting, *, is_signalled: bool) -> None:
    remote = ledger.remote_write(waiting.record, tasks.actor())
    now = content_of(waiting.record)
    is_replaced = now is not waiting.value and is_waitable[type(now)]
    is_in_vain = f.hooks.sites[index].how == "wait"
    if remote is None or is_signalled or not (is_replaced or is_in_vain):
        return
    source, site = f.hooks.sites[waiting.source], f.hooks.sites[index]
    findings.tell_accesses("orphaned-wait", f.hooks.file, source, site, waiting.record, remote)


def _is_signalled(value: Any) -> bool:
    if callable(was_cancelled := getattr(value, "cancelled", None)) and was_cancelled():
        return False  # by who has waited for it, it seems: a time limit does that
    for name in ("done", "is_set"):
        ask = getattr(value, name, None)
        if callable(ask):
            return bool(ask())
    empty = getattr(value, "empty", None)
    return callable(empty) and not empty()
