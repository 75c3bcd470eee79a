"""Rule 7, dropped-insert: all of a container is read, something is added by another task, all is cleared.

The container is cleared in place, or another and empty one takes its place. What was added in between, and is
still there, goes unseen. Not if whoever clears it has started the adder itself, after it had read: its own
child's work is its own to throw away. Nor if only the size was asked for, which copies nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex.watch import containers, findings, ledger
from anymutex.watch.containers import CONTENTS, STRUCTURE, base_of
from anymutex.watch.ledger import SPENT
from anymutex.watch.levels import acts_for, levels_of
from anymutex.watch.sites import LOOP

if TYPE_CHECKING:
    from anymutex.watch.ledger import Record, Write
    from anymutex.watch.levels import Level
    from anymutex.watch.sites import Site
    from anymutex.watch.written import Written

_ADDING = {
    "augmented",
    "append",
    "appendleft",
    "insert",
    "extend",
    "add",
    "[]",
    "__setitem__",
    "setdefault",
    "update",
}


def drained(written: Written) -> None:
    """A container is about to be emptied."""
    container = written.thing if written.site.how == "clear" else written.old
    if base_of[type(container)] is None or not containers.size_of(container):
        return
    if not ledger.writes.get(id(container)):
        return
    for level in levels_of(written):
        for source in level.activation.records:
            for record in level.activation.of(source):
                if record.thing is container and record.key in (STRUCTURE, CONTENTS):
                    _look(written, level, source, record)


def _look(written: Written, level: Level, source: int, record: Record) -> None:
    hooks = level.activation.hooks
    site = hooks.sites[source]
    remote = ledger.remote_write(record, written.me) if _copies(site, record) else None
    if remote is None or remote.site.how not in _ADDING or acts_for(remote, level, record):
        return
    if _is_there(record.thing, remote):
        findings.tell_accesses("dropped-insert", hooks.file, site, written.site, record, remote)


def _copies(site: Site, record: Record) -> bool:
    """Whether all elements were read; of a read that was acted on its question is forgotten."""
    is_whole = record.key == CONTENTS or site.kind == LOOP
    return record.seen is None or (record.seen is SPENT and is_whole)


def _is_there(container: Any, remote: Write) -> bool:
    if base_of[type(container)] in {dict, set} and isinstance(remote.key, tuple):
        return containers.has(container, remote.key[1])
    return True
