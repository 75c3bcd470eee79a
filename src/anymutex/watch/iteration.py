"""Rule 6, iteration: a loop over a container that lives, and another task changes it while the body waits.

Only what confuses the loop counts: any other element in a dict, a set or a deque; in a list a removal or an
insertion at or before the element that the loop is at, for then it skips one or sees one twice.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.watch import containers, findings, ledger
from anymutex.watch.containers import STRUCTURE, base_of
from anymutex.watch.ledger import Clock, Record

if TYPE_CHECKING:
    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Write

_ADDING_AT_END = {"append", "extend"}


def begin_loop(f: Activation, index: int, iterable: Any) -> None:
    """A loop begins; what it goes over may be a container, a view of one, or something else."""
    if containers.is_view(iterable):
        iterable = next(iter(gc.get_referents(iterable)), None)
    if base_of[type(iterable)] is None:
        return
    f.put(index, Record(iterable, STRUCTURE, Clock.now))
    f.cursors[index] = 0


def turn_loop(f: Activation, index: int) -> None:
    """It is about to ask for the next element."""
    position = f.cursors.get(index)
    if position is None:
        return
    f.cursors[index] = position + 1
    for record in f.of(index):
        remote = ledger.remote_write(record, tasks.actor()) if ledger.writes.get(id(record.thing)) else None
        if remote is not None:
            f.put(index, record._replace(time=Clock.now))
            if _confuses(record.thing, remote, position):
                site = f.hooks.sites[index]
                findings.tell_accesses(
                    "iteration", f.hooks.file, site, None, record, remote, f"at element {position + 1}"
                )


def _confuses(container: Any, remote: Write, position: int) -> bool:
    if not remote.is_structural:
        return False
    base = base_of[type(container)]
    if base is not list:
        return True
    if remote.site.how in _ADDING_AT_END:
        return False
    return remote.position is None or remote.position <= position
