"""The rules for a write: does it rest on a read that another task has made out of date?

Rule 1. lost-update: the value written comes from a read of the same location, and somebody else wrote there in
        between. `x += 1` reads and writes in one step, but `x += e` counts if `e` comes from an older read.
Rule 2. check-then-act: the write depends on a test of the location, and somebody else wrote there in between.
        Silent if the test would come out the same way now; if what is taken out is taken out in one step; if
        the value written is there already. duplicate-work: if an equal one is, but another object.
Rule 3. Whatever read the location again after that write, and feeds or guards this one, silences both.
Rule 4. write-then-read: a task reads what it wrote before, and the same line wrote for another task in between.
Rule 5. call-pair: rules 1 and 2, where the read was inside a call and the write is inside another call of the
        same object.

That the other's write is newer than the read proves that the reader was suspended in between. So no schedule
is recorded, there are no lock sets and no vector clocks, and locks that work keep the order from happening.
"""

from __future__ import annotations

import sys
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex import starts, tasks
from anymutex.watch import containers, draining, findings, guards, ledger
from anymutex.watch.containers import STRUCTURE
from anymutex.watch.ledger import Clock, Write
from anymutex.watch.levels import levels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Key, Record
    from anymutex.watch.levels import Level
    from anymutex.watch.sites import Site
    from anymutex.watch.written import Written

_SILENT = {"setdefault", "sort", "reverse", "rotate", "move_to_end"}


class Stale(NamedTuple):
    """A read that was acted on too late."""

    is_data: bool
    source: int
    record: Record
    remote: Write
    level: Level


def wrote(written: Written) -> None:
    """A location that somebody has read is about to be written."""
    if not written.has_effect:
        return
    if written.site.is_drain:
        draining.drained(written)
    _judge(written)
    _take_down(written)


def written_then_read(f: Activation, site: Site, thing: Any, key: Key) -> None:
    """A function is about to read what it wrote itself (rule 4)."""
    for record in f.of(site.own_write or 0):
        if record.thing is not thing or record.key != key or thing is None:
            continue
        own = f.hooks.sites[site.own_write or 0]
        remote = ledger.remote_write(record, tasks.actor())
        if remote is not None and remote.site is own:
            findings.report("write-then-read", f, own, site, record, remote)


def complain(error: Exception) -> None:
    """A mistake of ours must not harm the program that is watched."""
    unraisable: Any = SimpleNamespace(
        exc_type=type(error),
        exc_value=error,
        exc_traceback=error.__traceback__,
        err_msg="anymutex: a race hook failed",
        object=None,
    )
    sys.unraisablehook(unraisable)


def _judge(written: Written) -> None:
    if written.site.is_fresh or written.site.how in _SILENT or not ledger.writes.get(id(written.thing)):
        return
    levels = list(levels_of(written))
    stale = _stale_read(written, levels)
    if stale is None:
        return
    kind = _kind_of(written, stale)
    if kind is not None:
        source = stale.level.activation.hooks.sites[stale.source]
        findings.report_write(kind, written, stale, source)


def _stale_read(written: Written, levels: list[Level]) -> Stale | None:
    found: Stale | None = None
    for level in levels:
        if level.call is not None and _read_again(written, level.call.reads or []):
            return None
        for source, is_data in _sources_of(level):
            for record in level.activation.of(source):
                if not _matches(written, record, is_data):
                    continue
                remote = ledger.remote_write(record, written.me)
                if remote is None:
                    return None  # rule 3
                stale = Stale(is_data, source, record, remote, level)
                if _is_better(stale, found) and not _is_excused(written, stale):
                    found = stale
        for source in level.site.recheck:
            if source >= 0 and _read_again(written, list(level.activation.of(source))):
                return None
    return found


def _sources_of(level: Level) -> Iterator[tuple[int, bool]]:
    yield from ((source, True) for source in level.data if source >= 0)
    yield from ((source, False) for source in level.control if source >= 0)


def _is_better(stale: Stale, found: Stale | None) -> bool:
    return found is None or (stale.is_data and not found.is_data)


def _read_again(written: Written, records: list[Record]) -> bool:
    return any(
        record.thing is written.thing
        and record.key == written.key
        and ledger.remote_write(record, written.me) is None
        and ledger.writes.get(id(record.thing), {}).get(record.key)
        for record in records
    )


def _matches(written: Written, record: Record, is_data: bool) -> bool:
    if record.thing is not written.thing:
        return False
    if record.key == STRUCTURE:
        by_position = written.base in {list, deque} and written.site.how in containers.BY_POSITION
        return by_position if is_data else written.is_structural
    if written.key == STRUCTURE:
        return False
    return record.key == written.key


def _is_excused(written: Written, stale: Stale) -> bool:
    """Whether a decision is right although it is old (rule 2)."""
    if stale.is_data:
        return False
    if written.is_removal:
        return True
    source = stale.level.activation.hooks.sites[stale.source]
    if _answers_as_before(source, stale.record):
        return True
    covering = [guard for guard in stale.level.site.guards if stale.source in guard.sites]
    return any(guards.still_holds(guard, stale.level.activation) for guard in covering)


def _answers_as_before(source: Site, record: Record) -> bool:
    match source.how:
        case "in" if record.key != STRUCTURE:
            return bool(containers.has(record.thing, record.key[1]) == record.seen)  # type: ignore[index]
        case "truth":
            return bool(containers.size_of(record.thing)) == bool(record.seen)
        case "len":
            return bool(containers.size_of(record.thing) == record.seen)
    return False


def _kind_of(written: Written, stale: Stale) -> str | None:
    if written.is_assignment:
        sameness = written.sameness
        if stale.is_data and sameness != "other" and isinstance(written.new, int | float):
            sameness = "other"  # two that count from one to two have lost a count
        if sameness == "same" and (not written.site.is_literal or written.new is None):
            return None
        if sameness == "equal":
            return "duplicate-work"
    if _is_call_pair(stale):
        return "call-pair"
    return "lost-update" if stale.is_data else "check-then-act"


def _is_call_pair(stale: Stale) -> bool:
    read, act = stale.level.activation.hooks.sites[stale.source], stale.level.site
    return read.kind == act.kind == "call" and read.path is not None and read.path == act.path


def _take_down(written: Written) -> None:
    thing, open_keys = written.thing, ledger.open_reads.get(id(written.thing), {})
    keys = [written.key] if written.key in open_keys else []
    if written.is_structural and written.key != STRUCTURE and STRUCTURE in open_keys:
        keys.append(STRUCTURE)
    if written.site.how == "clear":
        keys = list(open_keys)
    if not keys:
        return
    Clock.now += 1
    write = Write(
        time=Clock.now,
        actor=written.me,
        who=tasks.described(written.me),
        start=starts.start_of(written.me),
        site=written.site,
        file=written.hooks.file,
        stack=ledger.stack_here(5),
        is_structural=written.is_structural,
        before=written.old_text,
        position=written.position,
        key=written.key,
    )
    ledger.take_down(thing, keys, write)
