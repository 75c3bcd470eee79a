"""What a write rests on: the reads in the functions under way that match it, and whether they were renewed.

Rule 1. A read matches a write of the same location; of the whole, if it was a read of the whole; of the
        structure, if what is written changes that, and a value only by its position.
Rule 2. What was read again by the same task is renewed, if what was read feeds or guards the write.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from anymutex.watch import containers, guards, ledger
from anymutex.watch.containers import CONTENTS, STRUCTURE
from anymutex.watch.ledger import SPENT
from anymutex.watch.sites import RETURNING_OR_RAISING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.watch.ledger import Key, Record, Write
    from anymutex.watch.levels import Level
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


def sources_of(level: Level) -> Iterator[tuple[int, bool]]:
    """What the write comes from at a level, and whether by its value or by a decision."""
    yield from ((source, True) for source in level.data if source >= 0)
    yield from ((source, True) for source in level.site.carries)
    yield from ((source, False) for source in level.control if source >= 0)


def reads_of(written: Written, level: Level) -> Iterator[tuple[int, Record]]:
    """What is on record there of the location that is written, each with its site."""
    for source in level.activation.records:
        if level.activation.hooks.sites[source].kind != "write":
            for record in level.activation.of(source):
                if record.thing is written.thing and record.key == written.key:
                    yield source, record


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
        return written.is_structural and (is_data is False or _has_position(written))
    if key == CONTENTS:
        return written.key != STRUCTURE
    if written.key == STRUCTURE:
        return written.is_removal and written.base in {list, deque} and key == ("[]", written.end)
    return key == written.key


def _has_position(written: Written) -> bool:
    return written.base in {list, deque} and written.site.how in containers.BY_POSITION


def at_the_place_written(written: Written, record: Record) -> Record:
    """The read; of a read of the whole container that part which is written."""
    is_of_all = record.key == CONTENTS and record.thing is written.thing
    return record._replace(key=written.key) if is_of_all else record


def remote_of(written: Written, record: Record, is_data: bool) -> Write | None:
    """The write of somebody else that has made a read out of date; None if there was none."""
    record = at_the_place_written(written, record)
    is_whole = record.key in (STRUCTURE, CONTENTS)  # a decision about that never rests on the order
    return ledger.remote_write(record, written.me, in_order=is_data or not is_whole)


def remote_beside(written: Written, record: Record) -> Write | None:
    """A write of another element of a container that was looked at as a whole, as by `sum`."""
    is_whole = record.key == CONTENTS and record.thing is written.thing
    return ledger.remote_write(record, written.me, in_order=False) if is_whole else None


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


def tested_again(stale: Basis) -> bool | None:
    """Whether the tests around would come out the same way now."""
    covering = [guard for guard in stale.level.site.guards if stale.source in guard.sites]
    answers = [guards.still_holds(guard, stale.level.activation) for guard in covering]
    if True in answers:
        return True
    return False if False in answers else None


def goes_by_position(written: Written, stale: Basis) -> bool:
    """Whether the very element is taken out that stood at a place when it was looked at."""
    record = stale.record
    was_peeked = written.key == STRUCTURE and record.seen is not None and record.seen[0] == "at"
    return written.is_removal and (was_peeked or (record.key == STRUCTURE and stale.is_data))


def is_harmless_removal(written: Written, stale: Basis) -> bool:
    """Whether something is taken out in one step, and nothing says which element it has to be."""
    is_any = stale.record.key == STRUCTURE or stale.record.seen is not None
    return written.is_removal and is_any and not goes_by_position(written, stale)


def is_undecided(written: Written, stale: Basis) -> bool:
    """Whether nobody can tell how the tests would come out, and the write may be right all the same.

    So may a count be, and what follows a call that may have been made for its value, not to raise.
    """
    source = stale.level.activation.hooks.sites[stale.source]
    may_be_right = written.site.how == "augmented" or source.how == RETURNING_OR_RAISING
    return may_be_right and tested_again(stale) is None


def is_claimed(stale: Basis) -> bool:
    """Whether the task has acted on the very test already: a place that is reserved needs no second look."""
    covering = (guard for guard in stale.level.site.guards if stale.source in guard.sites)
    return any(
        record.seen is SPENT
        for guard in covering
        for source in guard.sites
        for record in stale.level.activation.of(source)
    )


def is_call_pair(stale: Basis) -> bool:
    """Whether it is a get and a put of one object that belong together (rule 5)."""
    read, act = stale.level.activation.hooks.sites[stale.source], stale.level.site
    are_calls = read.kind == act.kind == "call" and read.text.endswith(")") and act.text.endswith(")")
    return are_calls and stale.is_data and read.path is not None and read.path == act.path
