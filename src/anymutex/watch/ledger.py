"""The ledger: what was read and may still be acted on, and who wrote it since.

Rule 1. A *location* is an object and a key: the name of an attribute, `("[]", key)` of a container, or
        `STRUCTURE`, which elements a container has. Names of a module are attributes of its dict.
Rule 2. `open_reads` counts, for each location, the reads that somebody may still act on. Only then is a write
        taken down, with the stack of the writer: the rest of the program pays one dict lookup a write.
Rule 3. Of each location the last write is kept, and the last by somebody else than that one's writer: enough
        to tell each task of the newest write that was not its own. A change of the order alone hides none.
Rule 4. What is kept of an object is its `id`; the reads that are open keep the object itself alive. Tasks
        are never kept, and of values none but numbers and short strings.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from anymutex.watch import containers
from anymutex.watch.containers import MISSING, REORDERING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from anymutex import stacks
    from anymutex.starts import Start
    from anymutex.tasks import Actor
    from anymutex.watch.sites import Site

Key: TypeAlias = "Hashable"


class Record(NamedTuple):
    """One read. Keeps the object alive, so it must go when its activation ends."""

    thing: Any
    key: Key
    time: int
    """How many writes had been taken down before it."""
    seen: tuple[str, int] | None = None
    """Of a container, what it was asked and what it said: `("in", True)`, `("len", 3)`; or `SPENT`."""


new_record = partial(tuple.__new__, Record)  # half the time of calling the class


class Write(NamedTuple):
    """One write to a location that had been read."""

    time: int
    actor: Actor
    who: str
    """The name of the task or thread, as the backend has it."""
    start: Start | None
    site: Site
    file: str
    stack: list[stacks.Site]
    is_structural: bool
    before: Any
    """The value it wrote over, if that is a number or the like; MISSING if there was none."""
    position: int | None
    """Of a change of a list: where elements moved from."""
    key: Key
    held: tuple[str, ...]
    """The names of the locks that the writer held."""
    under: tuple[tuple[int, int], ...] = ()
    """The activations of other tasks in which the writer was started, and when: see `started_under`."""


SPENT: Final = ("spent", 0)
"""The task has acted on it, by a write of its own: what follows does not rest on it any more."""
open_reads: dict[int, dict[Key, int]] = {}
writes: dict[int, dict[Key, tuple[Write, ...]]] = {}
_DEEPEST = 10


class Clock:
    """Counts writes."""

    now = 0


def open_read(thing: object, key: Key) -> None:
    """Somebody read a location and may act on it."""
    keys = open_reads.get(id(thing))
    if keys is None:
        open_reads[id(thing)] = {key: 1}
    else:
        keys[key] = keys.get(key, 0) + 1


def close_read(thing: object, key: Key) -> None:
    """One of the reads of a location is done with."""
    number = id(thing)
    keys = open_reads.get(number)
    if keys is None:
        return
    left = keys.get(key, 0) - 1
    if left > 0:
        keys[key] = left
        return
    keys.pop(key, None)
    if not keys:
        open_reads.pop(number, None)
        writes.pop(number, None)


def take_down(thing: object, keys: list[Key], write: Write) -> None:
    """Note a write to the locations `keys` of `thing`."""
    of_thing = writes.setdefault(id(thing), {})
    for key in keys:
        earlier = of_thing.get(key, ())
        if write.site.how in REORDERING:
            of_thing[key] = (write, *(old for old in earlier if old.site.how not in REORDERING))
            continue
        other = next((old for old in earlier if old.actor != write.actor), None)
        of_thing[key] = (write,) if other is None else (write, other)


def remote_write(record: Record, me: Actor, *, in_order: bool = True) -> Write | None:
    """The newest write of a location since it was read, by somebody else than `me`.

    Args:
        record: The read.
        me: Who asks.
        in_order: Whether a change of the order alone counts.
    """
    for write in writes.get(id(record.thing), _NONE).get(record.key, ()):
        if write.actor != me and write.time > record.time and (in_order or write.site.how not in REORDERING):
            return write
    return None


def content_of(record: Record) -> Any:
    """What is at a location now."""
    if isinstance(record.key, tuple):
        return containers.item_of(record.thing, record.key[1])
    if isinstance(record.thing, dict):
        return record.thing.get(record.key, MISSING)
    return containers.attribute_of(record.thing, str(record.key))


def stack_here(depth: int) -> list[stacks.Site]:
    """Where the caller's caller (`depth` frames up) stands, the innermost call first."""
    frame: Any = sys._getframe(depth)
    found: list[stacks.Site] = []
    while frame is not None and len(found) < _DEEPEST:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found


_NONE: dict[Key, tuple[Write, ...]] = {}
