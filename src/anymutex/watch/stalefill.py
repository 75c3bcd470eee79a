"""Rule 10, stale-fill: a cache gets what was loaded before another task changed it and said so.

    value = await load(key)       # reads the row
                                  # another task: row = new; cache.pop(key, None)
    cache[key] = value            # the old row, for good

Rule 1. The value comes from a read of something that another task wrote afterwards.
Rule 2. The same task then emptied the very place in which the value is stored, though nothing may have been
        there: it was removed, or set to None or the like. Nobody does that who can live with the old value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anymutex.watch import containers, ledger
from anymutex.watch.containers import STRUCTURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.watch.ledger import Key, Record, Write
    from anymutex.watch.levels import Level
    from anymutex.watch.written import Written

RESETTING: Final = {"None", "False", "0", "''", "b''"}


def vain_removal_key(written: Written) -> Key | None:
    """Under which key a removal is noted that finds nothing there; None if it is no such removal."""
    is_keyed = written.is_removal and written.key != STRUCTURE
    return ("emptied", written.key) if is_keyed and not written.has_effect else None


def may_be(written: Written) -> bool:
    """Whether somebody has emptied the place at all: quick to see, and seldom so."""
    return written.is_assignment and any(_emptied(written))


def stale_sources(written: Written, levels: Iterable[Level]) -> Iterator[tuple[Level, int, Record, Write]]:
    """The reads that the value comes from, and that are out of date in the sense of the rules above."""
    if not written.is_assignment:
        return
    emptied = list(_emptied(written))
    for level in levels:
        for source in level.data:
            for record in level.activation.of(source) if source >= 0 else ():
                remote = ledger.remote_write(record, written.me)
                if record.thing is written.thing or remote is None:
                    continue
                if any(write.actor == remote.actor and write.time >= remote.time for write in emptied):
                    yield level, source, record, remote


def _emptied(written: Written) -> Iterator[Write]:
    known = ledger.writes.get(id(written.thing), {})
    yield from known.get(("emptied", written.key), ())
    for write in known.get(written.key, ()):
        if write.site.value in RESETTING or write.site.how in containers.REMOVING:
            yield write
