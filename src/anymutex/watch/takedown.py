"""Writes are taken down, with the writer's stack, if somebody else has an open read there.

Rule 1. A write is noted under each key that a read of it may be known by: its own, the whole, the structure,
        the positions in a list behind it.
Rule 2. A removal that finds nothing is noted too, apart from the writes: see `stalefill`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from anymutex import starts, tasks, waits
from anymutex.watch import containers, ledger, stalefill
from anymutex.watch.activations import started_under
from anymutex.watch.containers import CONTENTS, STRUCTURE
from anymutex.watch.ledger import Clock, Write

if TYPE_CHECKING:
    from anymutex.tasks import Actor
    from anymutex.watch.written import Written


def take_down(written: Written, own: int) -> None:
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


def note_vain_removal(written: Written) -> None:
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


def _raw_name(actor: Actor) -> str:
    task = tasks.task_of(actor)
    return tasks.name_of(actor) if task is None else tasks.full_name_of(task)


def _is_known(written: Written) -> bool:
    """Whether there is an older write, which this one makes less than the newest."""
    return written.key in ledger.writes.get(id(written.thing), {})


def _is_negative(position: object) -> bool:
    return isinstance(position, int) and position < 0
