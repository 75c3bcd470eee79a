"""Which read that a write rests on is out of date, and when it is right to act on it all the same.

Rule 1. Data counts before decisions, and what was read again counts for nothing.
Rule 2. A decision that would come out the same way now is right, and so is one that was acted on before. If
        that can't be told it is not, but for a count, and for a call that may have been made for its value.
Rule 3. What is taken out by its key in one step is right; what is taken by its position only if that still is
        the same element.
Rule 4. A reset rests on what was read, although nothing says so: what another has put there since is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anymutex.watch import containers, ledger
from anymutex.watch.activations import innermost
from anymutex.watch.basis import (
    goes_by_position,
    is_claimed,
    is_harmless_removal,
    is_renewed,
    is_undecided,
    looked_at_again,
    matches,
    reads_of,
    remote_beside,
    remote_of,
    sources_of,
    tested_again,
)
from anymutex.watch.containers import STRUCTURE
from anymutex.watch.ledger import SPENT, Write, content_of
from anymutex.watch.levels import acts_for
from anymutex.watch.stalefill import RESETTING

if TYPE_CHECKING:
    from anymutex.watch.ledger import Key, Record
    from anymutex.watch.levels import Level
    from anymutex.watch.written import Written


class Stale(NamedTuple):
    """A read that was acted on too late."""

    is_data: bool
    source: int
    record: Record
    remote: Write
    level: Level


def may_be_stale(written: Written) -> bool:
    """Whether the callers have an old read of the object at all: quick to see, and seldom so."""
    activation = innermost()
    while activation is not None:
        for found in activation.records.values():
            for record in (found,) if isinstance(found, ledger.Record) else found:
                if record[0] is written.thing or record[0] is written.old:
                    is_same = matches(written, record, True) or matches(written, record, False)
                    if is_same and (remote_of(written, record, True) or remote_beside(written, record)):
                        return True
        activation = activation.parent
    return False


def stale_read(written: Written, levels: list[Level]) -> Stale | None:
    """The read that the write rests on although it is out of date; None if there is none, or a newer one."""
    found: list[Stale] = []
    here = id(written.thing), written.key
    fresh: set[tuple[int, Key]] = {here} if written.site.is_fresh else set()
    for level in levels:
        fresh.update(looked_at_again(written, level))
        for source, is_data in sources_of(level):
            for record in level.activation.of(source):
                if not matches(written, record, is_data):
                    continue
                remote = remote_of(written, record, is_data)
                beside = None if remote or is_data else remote_beside(written, record)
                other = remote or beside
                if other is not None and not is_data and acts_for(other, level, record):
                    continue
                if remote is not None:
                    found.append(Stale(is_data, source, record, remote, level))
                elif beside and tested_again(failing := Stale(False, source, record, beside, level)) is False:
                    found.append(failing)
                elif _was_written(record, written):
                    fresh.add((id(record.thing), record.key))
    found = [stale for stale in found if not is_renewed(written, stale, fresh)]
    found.sort(key=lambda stale: not stale.is_data)
    return next((stale for stale in found if not _is_excused(written, stale)), None)


def _was_written(record: Record, written: Written) -> bool:
    """Whether somebody else had written there before it was read."""
    known = ledger.writes.get(id(record.thing), {}).get(record.key, ())
    return any(write.actor != written.me for write in known)


def cleared_unseen(written: Written, levels: list[Level]) -> Stale | None:
    """What was read is reset, and with it what another task has put there since."""
    if written.site.value not in RESETTING or written.sameness == "same" or written.site.is_fresh:
        return None
    newest = max((record.time for level in levels for _, record in reads_of(written, level)), default=0)
    for level in levels:
        if any(source >= 0 for source in level.site.recheck):
            return None
        for source, record in reads_of(written, level):
            remote = None if record.seen is SPENT else ledger.remote_write(record, written.me)
            if remote is None or remote.site.value in RESETTING or newest >= remote.time:
                continue
            if not acts_for(remote, level, record):
                return Stale(True, source, record, remote, level)
    return None


def _is_excused(written: Written, stale: Stale) -> bool:
    """Whether it is right to act on an old read (rules 2 and 3)."""
    if written.is_removal:
        return _may_be_removed(written, stale)
    if stale.is_data:
        return False
    if _answers_as_before(written, stale.record) or is_claimed(stale):
        return True
    return tested_again(stale) is True or is_undecided(written, stale)


def _may_be_removed(written: Written, stale: Stale) -> bool:
    if is_harmless_removal(written, stale):
        return True
    if goes_by_position(written, stale):
        return not _has_moved(written, stale)
    if written.key == STRUCTURE:
        return False
    is_gone = stale.remote.site.how in containers.REMOVING
    return is_gone or tested_again(stale) is True or is_undecided(written, stale)


def _has_moved(written: Written, stale: Stale) -> bool:
    """Whether another element may stand now where the one stood that is to be taken out."""
    remote, how, seen = stale.remote, *(stale.record.seen or ("", 0))
    if how == "at":
        return id(content_of(stale.record)) != seen
    if remote.site.how in {"append", "extend"}:
        return False
    at = written.argument
    return remote.position is None or not isinstance(at, int) or remote.position <= at


def _answers_as_before(written: Written, record: Record) -> bool:
    how, seen = record.seen or ("", 0)
    if how == "in" and isinstance(record.key, tuple):
        return int(containers.has(record.thing, record.key[1])) == seen
    if how == "truth":
        adds_to_some = seen > 0 and written.site.how in containers.ADDING
        return adds_to_some or bool(containers.size_of(record.thing)) == bool(seen)
    return how == "len" and containers.size_of(record.thing) == seen
