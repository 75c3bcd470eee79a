"""Rule 11, double-take: what stood in a slot was taken by two tasks.

    rival = self.waiting
    if await ping(rival):         # another task has taken the rival, and set the slot to None
        self.waiting = None       # it is None already
        start(rival, player)

Rule 1. The slot held something when it was read, and another task has emptied it since.
Rule 2. The task empties it in its turn: it did not look again.
Rule 3. What was read is used after the await, as an argument or in a value. To call a method of it alone, as
        in `await conn.close(); self.conn = None`, may well be right twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.watch import ledger
from anymutex.watch.basis import reads_of
from anymutex.watch.ledger import SPENT
from anymutex.watch.sites import RECEIVER
from anymutex.watch.stalefill import RESETTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anymutex.watch.activations import Activation
    from anymutex.watch.ledger import Record, Write
    from anymutex.watch.levels import Level
    from anymutex.watch.written import Written


def taken_before(written: Written, levels: Iterable[Level]) -> Iterator[tuple[Level, int, Record, Write]]:
    """The reads of the slot that is emptied, where another task has emptied it since."""
    if not (written.is_assignment and written.site.value == "None" and written.sameness == "same"):
        return
    for level in levels:
        for source, record in reads_of(written, level):
            remote = None if record.seen is SPENT else ledger.remote_write(record, written.me)
            if remote is None or remote.site.value not in RESETTING or remote.before is None:
                continue
            if _is_used_later(level.activation, source):
                yield level, source, record, remote


def _is_used_later(activation: Activation, source: int) -> bool:
    """Whether something that rests on an await before takes what the site `source` has read."""
    return any(
        source in site.data or any(source in found for slot, found in site.arguments if slot != RECEIVER)
        for site in activation.hooks.sites
        if site.owner == activation.index and site.kind in {"write", "call"}
    )
