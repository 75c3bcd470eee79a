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

That the other's write is newer than the read proves that the reader was suspended in between. So no schedule
is recorded, there are no lock sets and no vector clocks, and locks that work keep the order from happening.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from anymutex import starts, tasks, waits
from anymutex.watch import containers, doubletake, draining, findings, guards, ledger, stalefill
from anymutex.watch.activations import innermost, number_of_task, started_under
from anymutex.watch.containers import CONTENTS, STRUCTURE
from anymutex.watch.ledger import SPENT, Clock, Write, content_of
from anymutex.watch.levels import acts_for, levels_of
from anymutex.watch.sites import RETURNING_OR_RAISING
from anymutex.watch.stalefill import RESETTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.tasks import Actor
    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Key, Record
    from anymutex.watch.levels import Level
    from anymutex.watch.sites import Site
    from anymutex.watch.written import Written

SILENT = containers.REORDERING | {"setdefault"}


class Basis(Protocol):
    """A read that a write rests on."""

    @property
    def is_data(self) -> bool:
        """Whether the value written comes from it; else it decides that there is a write."""
        ...

    @property
    def source(self) -> int:
        """Its site."""
        ...

    @property
    def record(self) -> Record:
        """What was read."""
        ...

    @property
    def level(self) -> Level:
        """In which of the functions under way."""
        ...


class Stale(NamedTuple):
    """A read that was acted on too late."""

    is_data: bool
    source: int
    record: Record
    remote: Write
    level: Level


def wrote(written: Written) -> None:
    """A location that somebody has read is about to be written."""
    if written.is_computed:
        return
    if not written.has_effect:
        _note_vain_removal(written)
        return
    if written.site.is_drain:
        draining.drained(written)
    activation = innermost()
    if (id(written.thing) in ledger.writes or id(written.old) in ledger.writes) and (
        stalefill.may_be(written) or _may_be_stale(written)
    ):
        _judge(written)
    own, number = 0, number_of_task()
    touched: list[tuple[set[int], int]] = []
    there = ledger.open_reads.get(id(written.thing), {})
    sought = (
        sys.maxsize if CONTENTS in there else there.get(written.key, 0)
    )  # no further than the last of them
    while activation is not None and activation.number == number and own < sought:
        own += activation.spend(written.thing, written.key, touched)
        activation = activation.parent
    if touched and (id(written.thing) in ledger.writes or _others_read(written, own)):
        for hits, index in touched:
            hits.add(index)
    _take_down(written, own)


def _others_read(written: Written, own: int) -> bool:
    return ledger.open_reads.get(id(written.thing), {}).get(written.key, 0) > own


def _may_be_stale(written: Written) -> bool:
    """Whether the callers have an old read of the object at all: quick to see, and seldom so."""
    activation = innermost()
    while activation is not None:
        for found in activation.records.values():
            for record in (found,) if isinstance(found, ledger.Record) else found:
                if record[0] is written.thing or record[0] is written.old:
                    is_same = matches(written, record, True) or matches(written, record, False)
                    if is_same and (_remote_of(written, record, True) or _remote_beside(written, record)):
                        return True
        activation = activation.parent
    return False


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
    stale = _stale_read(written, levels) or _cleared_unseen(written, levels)
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


def _stale_read(written: Written, levels: list[Level]) -> Stale | None:
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
                remote = _remote_of(written, record, is_data)
                beside = None if remote or is_data else _remote_beside(written, record)
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


def is_renewed(written: Written, stale: Basis, fresh: set[tuple[int, Key]]) -> bool:
    """Whether the location was read again (rule 3). That there is something says not what comes first."""
    thing, key = stale.record.thing, stale.record.key
    by_position = written.key == STRUCTURE and isinstance(key, tuple)
    if not stale.is_data and not written.site.is_rechecked and tested_again(stale) is False:
        return False  # the value is up to date, the decision is not
    is_here = thing is written.thing and (id(thing), written.key) in fresh
    return (id(thing), key) in fresh or (is_here and not by_position)


def looked_at_again(written: Written, level: Level) -> Iterator[tuple[int, Key]]:
    """The locations that were read again in the step of the write, and feed or guard it."""
    call = level.call
    if call is not None:
        yield from ((id(thing), key) for thing, key in call.checks)
        yield from _renewed(written, call.reads or [])
    for source in level.site.recheck:
        if source >= 0:
            yield from _renewed(written, level.activation.of(source))


def _renewed(written: Written, records: Iterable[Record]) -> Iterator[tuple[int, Key]]:
    for record in records:
        is_same = record.thing is written.thing or record.thing is written.old
        if is_same and ledger.remote_write(record, written.me) is None:
            yield id(record.thing), record.key


def _was_written(record: Record, written: Written) -> bool:
    """Whether somebody else had written there before it was read."""
    known = ledger.writes.get(id(record.thing), {}).get(record.key, ())
    return any(write.actor != written.me for write in known)


def _cleared_unseen(written: Written, levels: list[Level]) -> Stale | None:
    """What was read is reset, and with it what another task has put there since."""
    if written.site.value not in RESETTING or written.sameness == "same" or written.site.is_fresh:
        return None
    newest = max((record.time for level in levels for record in _reads_of(written, level)), default=0)
    for level in levels:
        if any(source >= 0 for source in level.site.recheck):
            return None
        for source in level.activation.records:
            if level.activation.hooks.sites[source].kind == "write":
                continue
            for record in level.activation.of(source):
                if record.thing is written.thing and record.key == written.key and record.seen is not SPENT:
                    remote = ledger.remote_write(record, written.me)
                    if remote is None or remote.site.value in RESETTING or newest >= remote.time:
                        continue
                    if acts_for(remote, level, record):
                        continue
                    return Stale(True, source, record, remote, level)
    return None


def _reads_of(written: Written, level: Level) -> Iterator[Record]:
    """What is on record there of the location that is written."""
    for source in level.activation.records:
        if level.activation.hooks.sites[source].kind != "write":
            for record in level.activation.of(source):
                if record.thing is written.thing and record.key == written.key:
                    yield record


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


def sources_of(level: Level) -> Iterator[tuple[int, bool]]:
    """What the write comes from at a level, and whether by its value or by a decision."""
    yield from ((source, True) for source in level.data if source >= 0)
    yield from ((source, True) for source in level.site.carries)
    yield from ((source, False) for source in level.control if source >= 0)


def matches(written: Written, record: Record, is_data: bool) -> bool:
    """Whether a read is of what is written."""
    thing, key = record.thing, record.key
    if record.seen is SPENT and not is_data:
        return False
    if thing is not written.thing:
        if key == CONTENTS:  # a copy was changed, and takes the place of the whole
            return is_data and written.is_assignment and thing is written.old and not written.site.is_drain
        # it was judged by one of its attributes, and is taken away
        return written.is_removal and thing is written.old and isinstance(key, str) and key != STRUCTURE
    if key == STRUCTURE:
        return written.is_structural and (is_data is False or _goes_by_position(written))
    if key == CONTENTS:
        return written.key != STRUCTURE
    if written.key == STRUCTURE:
        return written.is_removal and written.base in {list, deque} and key == ("[]", written.end)
    return key == written.key


def _goes_by_position(written: Written) -> bool:
    return written.base in {list, deque} and written.site.how in containers.BY_POSITION


def _remote_of(written: Written, record: Record, is_data: bool) -> Write | None:
    if record.key == CONTENTS and record.thing is written.thing:
        record = record._replace(key=written.key)
    is_whole = record.key in (STRUCTURE, CONTENTS)  # a decision about that never rests on the order
    return ledger.remote_write(record, written.me, in_order=is_data or not is_whole)


def _remote_beside(written: Written, record: Record) -> Write | None:
    """A write of another element of a container that was looked at as a whole, as by `sum`."""
    is_whole = record.key == CONTENTS and record.thing is written.thing
    return ledger.remote_write(record, written.me, in_order=False) if is_whole else None


def _is_excused(written: Written, stale: Stale) -> bool:
    """Whether it is right to act on an old read (rule 2)."""
    record, remote = stale.record, stale.remote
    if written.is_removal:
        if written.key == STRUCTURE and (how := record.seen or ("", 0))[0] == "at":
            return id(content_of(record)) == how[1]  # else another element is there now
        if record.key == STRUCTURE and stale.is_data:
            return not _has_moved(written, remote)
        if record.key == STRUCTURE or record.seen is not None:
            return True
        if written.key == STRUCTURE:
            return False
        if remote.site.how in containers.REMOVING:
            return True
        return tested_again(stale) is True or _is_unsure(stale)
    if stale.is_data:
        return False
    if _answers_as_before(written, record) or is_claimed(stale):
        return True
    holds = tested_again(stale)
    return holds is True or (holds is None and (written.site.how == "augmented" or _is_unsure(stale)))


def _is_unsure(stale: Basis) -> bool:
    """Whether only a call that would raise now tells of a decision, and that can't be told."""
    source = stale.level.activation.hooks.sites[stale.source]
    return source.how == RETURNING_OR_RAISING and tested_again(stale) is None


def _has_moved(written: Written, remote: Write) -> bool:
    """Whether another element may stand at a position now than before a change of the list."""
    if remote.site.how in {"append", "extend"}:
        return False
    at = written.argument
    return remote.position is None or not isinstance(at, int) or remote.position <= at


def tested_again(stale: Basis) -> bool | None:
    """Whether the tests around would come out the same way now."""
    covering = [guard for guard in stale.level.site.guards if stale.source in guard.sites]
    answers = [guards.still_holds(guard, stale.level.activation) for guard in covering]
    if True in answers:
        return True
    return False if False in answers else None


def is_claimed(stale: Basis) -> bool:
    """Whether the task has acted on the very test already: a place that is reserved needs no second look."""
    covering = (guard for guard in stale.level.site.guards if stale.source in guard.sites)
    return any(
        record.seen is SPENT
        for guard in covering
        for source in guard.sites
        for record in stale.level.activation.of(source)
    )


def _answers_as_before(written: Written, record: Record) -> bool:
    how, seen = record.seen or ("", 0)
    if how == "in" and isinstance(record.key, tuple):
        return int(containers.has(record.thing, record.key[1])) == seen
    if how == "truth":
        adds_to_some = seen > 0 and written.site.how in containers.ADDING
        return adds_to_some or bool(containers.size_of(record.thing)) == bool(seen)
    return how == "len" and containers.size_of(record.thing) == seen


def _raw_name(actor: Actor) -> str:
    task = tasks.task_of(actor)
    return tasks.name_of(actor) if task is None else tasks.full_name_of(task)


def _is_known(written: Written) -> bool:
    """Whether there is an older write, which this one makes less than the newest."""
    return written.key in ledger.writes.get(id(written.thing), {})


def _is_negative(position: object) -> bool:
    return isinstance(position, int) and position < 0


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


def is_call_pair(stale: Basis) -> bool:
    """Whether it is a get and a put of one object that belong together (rule 5)."""
    read, act = stale.level.activation.hooks.sites[stale.source], stale.level.site
    are_calls = read.kind == act.kind == "call" and read.text.endswith(")") and act.text.endswith(")")
    return are_calls and stale.is_data and read.path is not None and read.path == act.path


def _take_down(written: Written, own: int) -> None:
    """Note the write, if somebody else than the writer has an open read there."""
    thing, open_keys = written.thing, ledger.open_reads.get(id(written.thing), {})
    base = written.base
    keys = [written.key] if written.key in open_keys or (base and CONTENTS in open_keys) else []
    if base and CONTENTS in open_keys and not (base is dict and written.site.how in containers.REORDERING):
        keys.append(CONTENTS)
    if written.is_structural and written.key != STRUCTURE and STRUCTURE in open_keys:
        keys.append(STRUCTURE)
    if written.is_structural and base in {list, deque}:
        at_end = written.site.how in {"append", "extend"}
        positions = [key for key in open_keys if isinstance(key, tuple) and key not in keys]
        keys += [key for key in positions if not at_end or _is_negative(key[1])]
    if written.site.how == "clear":
        keys = list(open_keys)
    if not keys or (
        keys == [written.key] and open_keys.get(written.key, 0) <= own and not _is_known(written)
    ):
        return
    ledger.take_down(thing, keys, _write_of(written))


def _note_vain_removal(written: Written) -> None:
    key = stalefill.vain_removal_key(written)
    if key is not None and written.key in ledger.open_reads.get(id(written.thing), {}):
        ledger.take_down(written.thing, [key], _write_of(written))


def _write_of(written: Written) -> Write:
    Clock.now += 1
    return Write(
        time=Clock.now,
        actor=written.me,
        who=_raw_name(written.me),
        start=starts.start_of(written.me),
        site=written.site,
        file=written.hooks.file,
        stack=ledger.stack_here(6),
        is_structural=written.is_structural,
        before=written.old_kept,
        position=written.position,
        key=written.key,
        held=waits.labels_held_by(written.me),
        under=() if isinstance(written.me, int) else started_under(),  # a callback acts for nobody
    )
