"""The rules for a write: does it rest on a read that another task has made out of date?

Rule 1. lost-update: the value written comes from a read of the same location, and somebody else wrote there
        in between. `x += 1` reads and writes in one step; `x += e` counts if `e` comes from an older read.
Rule 2. check-then-act: the write depends on a test of the location, and somebody else wrote there in between.
        Silent if the test would come out the same way now; if what is taken out is taken out in one step; if
        the value written is there already. duplicate-work: if an equal one is, but another object.
Rule 3. Whatever read the location again after that write, and feeds or guards this one, silences both.
Rule 4. write-then-read: a task reads what it wrote, and the same line wrote for another task meanwhile.
Rule 5. call-pair: rules 1 and 2, where the read was inside a call and the write is inside another call of the
        same object.
Rule 6. stale-fill and double-take, kin of these two, have files of their own.

That the other's write is newer than the read proves that the reader was suspended in between. So no schedule
is recorded, there are no lock sets and no vector clocks, and locks that work keep the order from happening.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.watch import containers, doubletake, draining, findings, ledger, stalefill
from anymutex.watch.activations import innermost, number_of_task
from anymutex.watch.basis import SILENT, is_call_pair
from anymutex.watch.containers import CONTENTS, STRUCTURE
from anymutex.watch.ledger import content_of
from anymutex.watch.levels import levels_of
from anymutex.watch.staleness import Stale, cleared_unseen, may_be_stale, stale_read
from anymutex.watch.takedown import note_vain_removal, take_down

if TYPE_CHECKING:
    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Key, Record, Write
    from anymutex.watch.levels import Level
    from anymutex.watch.sites import Site
    from anymutex.watch.written import Written


def wrote(written: Written) -> None:
    """A location that somebody has read is about to be written."""
    if written.is_computed:
        return
    if not written.has_effect:
        note_vain_removal(written)
        return
    if written.site.is_drain:
        draining.drained(written)
    if (id(written.thing) in ledger.writes or id(written.old) in ledger.writes) and (
        stalefill.may_be(written) or may_be_stale(written)
    ):
        _judge(written)
    take_down(written, _spend(written))


def _spend(written: Written) -> int:
    """The writer has acted on what it has read there; how many of the open reads are its own."""
    activation, number = innermost(), number_of_task()
    own, touched = 0, list[tuple[set[int], int]]()
    there = ledger.open_reads.get(id(written.thing), {})
    most = sys.maxsize if CONTENTS in there else there.get(written.key, 0)  # no further than the last of them
    while activation is not None and activation.number == number and own < most:
        own += activation.spend(written.thing, written.key, touched)
        activation = activation.parent
    if touched and (id(written.thing) in ledger.writes or _others_read(written, own)):
        for hits, index in touched:
            hits.add(index)
    return own


def _others_read(written: Written, own: int) -> bool:
    return ledger.open_reads.get(id(written.thing), {}).get(written.key, 0) > own


def written_then_read(f: Activation, site: Site, thing: Any, key: Key) -> None:
    """A function is about to read what it wrote itself (rule 4)."""
    if isinstance(key, str) and containers.is_computed(thing, key):
        return
    for record in f.of(site.own_write or 0):
        if record.thing is not thing or record.key != key or thing is None:
            continue
        own = f.hooks.sites[site.own_write or 0]
        remote = ledger.remote_write(record, tasks.actor())
        if remote is not None and (remote.site.line, remote.file) == (own.line, f.hooks.file):
            findings.tell_accesses("write-then-read", f.hooks.file, own, site, record, remote)


def _judge(written: Written) -> None:
    if written.site.how in SILENT:
        return
    levels = list(levels_of(written))
    stale = stale_read(written, levels) or cleared_unseen(written, levels)
    kind = None if stale is None else _kind_of(written, stale)
    if kind is None:
        kind, stale = _other_finding(written, levels)
    if kind is not None and stale is not None:
        source = stale.level.activation.hooks.sites[stale.source]
        findings.tell_write(kind, written, stale, source)


def _other_finding(written: Written, levels: list[Level]) -> tuple[str | None, Stale | None]:
    """What rests on a read of another location, or puts there what is there already."""
    for level, source, record, remote in stalefill.stale_sources(written, levels):
        return "stale-fill", Stale(True, source, record, remote, level)
    for level, source, record, remote in doubletake.taken_before(written, levels):
        return "double-take", Stale(False, source, record, remote, level)
    return None, None


def changed_apart(f: Activation, site: Site, thing: Any) -> None:
    """Something is added to a container that came out of a slot: is it still there?"""
    if not ledger.writes or containers.base_of[type(thing)] is None:
        return
    for source in dict(site.arguments).get("self", ()):
        for record in f.of(source):
            remote = ledger.remote_write(record, tasks.actor())
            if remote is not None and content_of(record) is not thing and _held(record, remote):
                first = f.hooks.sites[source]
                findings.tell_accesses("vanished", f.hooks.file, first, site, record, remote)
                return


def _held(record: Record, remote: Write) -> bool:
    return isinstance(record.key, tuple | str) and record.key not in (STRUCTURE, CONTENTS)


def _kind_of(written: Written, stale: Stale) -> str | None:
    if written.is_assignment:
        sameness = written.sameness
        if stale.is_data and sameness != "other" and isinstance(written.new, int | float):
            sameness = "other"  # two that count from one to two have lost a count
        is_plain = not written.site.is_literal or written.new is None or written.site.is_rechecked
        if sameness == "same" and is_plain:
            return None
        if sameness == "equal":
            return "duplicate-work"
    if is_call_pair(stale):
        return "call-pair"
    return "lost-update" if stale.is_data and not written.is_removal else "check-then-act"
