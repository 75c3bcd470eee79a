"""Rule 7, dropped-insert: all of a container is read, something is added by another task, all is cleared.

The container is cleared in place, or another and empty one takes its place. What was added in between, and is
still there, goes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex.watch import containers, findings, ledger
from anymutex.watch.containers import CONTENTS, STRUCTURE, base_of
from anymutex.watch.ledger import SPENT
from anymutex.watch.levels import levels_of

if TYPE_CHECKING:
    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Record, Write
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
                    _look(written, level.activation, source, record)


def _look(written: Written, f: Activation, source: int, record: Record) -> None:
    site = f.hooks.sites[source]
    remote = None if record.seen not in (None, SPENT) else ledger.remote_write(record, written.me)
    if remote is not None and remote.site.how in _ADDING and _is_there(record.thing, remote):
        findings.tell_accesses("dropped-insert", f.hooks.file, site, written.site, record, remote)


def _is_there(container: Any, remote: Write) -> bool:
    if base_of[type(container)] in {dict, set} and isinstance(remote.key, tuple):
        return containers.has(container, remote.key[1])
    return True
