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
        activation = level.activation
        for source in [
            index for index in activation.records if activation.hooks.sites[index].kind != "write"
        ]:
            for record in activation.of(source):
                is_here = record.thing is written.thing and record.key == written.key
                remote = ledger.remote_write(record, written.me) if is_here else None
                if remote is None or record.seen is SPENT or remote.site.value not in RESETTING:
                    continue
                if remote.before is not None and _is_used_later(activation, source):
                    yield level, source, record, remote


def _is_used_later(activation: Activation, source: int) -> bool:
    """Whether something that rests on an await before takes what the site `source` has read."""
    return any(
        source in site.data or any(source in found for slot, found in site.arguments if slot != RECEIVER)
        for site in activation.hooks.sites
        if site.owner == activation.index and site.kind in {"write", "call"}
    )
