"""Activations: one run of one function that may suspend, what it has read, and whom it was called by.

Rule 1. `running` knows the innermost activation of each task, by the task's `id`; outside of tasks by the
        thread's. What enters it takes itself out, in a `finally`.
Rule 2. An activation knows its caller, and through which call site (`via`): so what flows into a call is
        followed at run time, whatever lies between.
Rule 3. What a function reads for its caller goes to the innermost open call, which hands it on as the
        sources of the call's result.
Rule 4. A task that is started by a hooked call inherits that call through its context.
Rule 5. When it ends an activation forgets all it has read: no object lives longer for having been watched.
Rule 6. A value that was put into an attribute is followed there, as long as a caller of this task may use it.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.tasks import library
from anymutex.watch.containers import CONTENTS
from anymutex.watch.ledger import SPENT, Clock, Record, close_read, open_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.ledger import Key
    from anymutex.watch.modulehooks import ModuleHooks

_MOST_OF_ONE_CALL = 40  # whoever reads more than this is no getter
_MOST_OF_ONE_SITE = 64
_MOST_CARRIED = 16


class Call:
    """A call under way, and what was read for it so far."""

    __slots__ = ("activation", "checks", "index", "inherited", "outer", "reads", "started")

    def __init__(self, index: int, activation: Activation, asks: bool) -> None:
        self.index = index
        self.activation: Activation | None = activation
        self.outer = outer = activation.call
        if outer is not None:
            asking.discard(outer)
        self.inherited: Call | type | None = Call  # of a call that may start tasks: the origin before it
        self.reads: list[Record] | None = [] if asks else None
        """None when it is over, or when too much was read."""
        self.checks: list[tuple[Any, Key]] = []
        """What was looked at inside before something was done: it was up to date then."""
        if asks:
            asking.add(self)

    def add(self, record: Record) -> None:
        """Something was read on behalf of this call."""
        if self.reads is None:
            return
        if len(self.reads) >= _MOST_OF_ONE_CALL:
            self.close()
            return
        open_read(record.thing, record.key)
        self.reads.append(record)

    def bequeath(self) -> None:
        """Tasks that are started from now on come from this call (rule 4), which is later than all reads."""
        Clock.now += 1
        self.started = Clock.now
        self.inherited = origin.get()
        origin.set(self)

    def bequeath_no_more(self) -> None:
        """They no longer do."""
        if self.inherited is not Call:
            origin.set(self.inherited)  # type: ignore[arg-type]
            self.inherited = Call

    def close(self) -> list[Record]:
        """It is over."""
        asking.discard(self)
        reads, self.reads = self.reads or [], None
        for record in reads:
            close_read(record.thing, record.key)
        return reads


class Activation:
    """One run of a function that may suspend."""

    __slots__ = (
        "began",
        "call",
        "carried",
        "cursors",
        "hooks",
        "index",
        "number",
        "parent",
        "pending",
        "records",
        "via",
        "waits",
    )

    def __init__(
        self, hooks: ModuleHooks, index: int, number: int, parent: Activation | None, via: Call | None
    ) -> None:
        self.hooks = hooks
        self.index = index
        self.number = number
        self.parent = parent
        self.via = via
        self.call: Call | None = None
        self.records: dict[int, Record | list[Record]] = {}
        self.began = Clock.now
        self.pending: dict[int, Any] = {}
        self.cursors: dict[int, int] = {}
        self.waits: dict[int, Any] = {}
        self.carried: dict[tuple[int, str], tuple[Any, list[Record]]] = {}

    def put(self, index: int, record: Record) -> None:
        """The site `index` has read; what it read before is forgotten."""
        thing, key = record[0], record[1]
        old = self.records.get(index)
        if isinstance(old, Record) and old[0] is thing and old[1] == key:
            self.records[index] = record
            return
        open_read(thing, key)
        if old is not None:
            _close(old)
        self.records[index] = record

    def put_more(self, index: int, record: Record) -> None:
        """The same for a site that reads many locations."""
        many = self.records.setdefault(index, [])
        assert isinstance(many, list)
        if len(many) < _MOST_OF_ONE_SITE:
            open_read(record.thing, record.key)
            many.append(record)

    def put_all(self, index: int, records: list[Record]) -> None:
        """The site `index` has read all of this."""
        for record in records:
            open_read(record.thing, record.key)
        old = self.records.pop(index, None)
        if old is not None:
            _close(old)
        if records:
            self.records[index] = list(records)

    def of(self, source: int) -> Iterable[Record]:
        """What the site `source` has read last."""
        found = self.records.get(source)
        if found is None:
            return ()
        return (found,) if isinstance(found, Record) else found

    def spend(self, thing: Any, key: Key, touched: list[tuple[set[int], int]]) -> int:
        """The task writes a location: what it read there before has been acted on.

        Args:
            thing: The object.
            key: Where in it.
            touched: Gets the sites that had read it, each with the set for those that matter.

        Returns:
            How many of the open reads of that location are its own.
        """
        count = 0
        hits = self.hooks.hits
        for index, found in self.records.items():
            if isinstance(found, Record):
                if found[0] is thing and found[1] == key:
                    count += 1
                    touched.append((hits, index))
                    self.records[index] = found._replace(seen=SPENT)
                elif found[0] is thing and found[1] == CONTENTS:
                    self.records[index] = found._replace(seen=SPENT)
            elif own := _spend(found, thing, key):
                count += own
                touched.append((hits, index))
        call = self.call
        while call is not None:
            if call.reads and (own := _spend(call.reads, thing, key)):
                count += own
            call = call.outer
        return count

    def carry(self, thing: Any, name: str, records: list[Record]) -> None:
        """The attribute holds a value that comes from `records`, for as long as somebody here may use it."""
        if not records or len(self.carried) >= _MOST_CARRIED:
            return
        for record in records:
            open_read(record.thing, record.key)
        old = self.carried.pop((id(thing), name), None)
        if old is not None:
            _close(old[1])
        self.carried[id(thing), name] = thing, records
        carrying.add(id(thing))

    def carried_by(self, thing: Any, name: str) -> list[Record]:
        """What the value of an attribute comes from, as far as this task knows."""
        if id(thing) not in carrying:
            return []
        activation: Activation | None = self
        while activation is not None:
            found = activation.carried.get((id(thing), name))
            if found is not None and found[0] is thing:
                return found[1]
            activation = activation.parent
        return []

    def hand_up_carried(self) -> None:
        """It ends; its caller may go on with the object."""
        carried, self.carried = self.carried, {}
        parent = self.parent
        for (number, name), (thing, records) in carried.items():
            if parent is not None and parent.number == self.number:
                parent.carry(thing, name, records)
            _close(records)
            if parent is None:
                carrying.discard(number)

    def settle(self) -> None:
        """No call of this function is under way, whatever was broken off."""
        call = self.call
        while call is not None:
            call.close()
            call.bequeath_no_more()
            call = call.outer
        self.call = None

    def clear(self) -> None:
        """Forget everything."""
        if self.call is not None:
            self.settle()
        self.waits.clear()
        for records in self.records.values():
            _close(records)
        self.records = {}
        self.pending = self.cursors = self.waits = {}
        self.parent = self.via = None


carrying: set[int] = set()
"""The objects (by `id`) that hold values which rest on reads: rule 6."""
asking: set[Call] = set()
"""Of each task the innermost call, if what is read is to be taken down for it."""
running: dict[int, Activation] = {}
origin: ContextVar[Call | None] = ContextVar("anymutex_origin", default=None)


def number_of_task() -> int:
    """What `running` knows the running task by, or the thread outside of tasks."""
    if library.name == "trio":
        task = tasks.current()
    else:
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
    return get_ident() if task is None else id(task)


def started_under() -> tuple[tuple[int, int], ...]:
    """The activations of other tasks in which the running task was started, and theirs, each by its `id`.

    With the time at which that happened: what an activation has read before is older, all else is not.
    """
    own = number_of_task()
    activation, via, started = running.get(own), None, 0
    if activation is None and (via := origin.get()) is not None:
        activation = via.activation
    number, found = own, []
    while activation is not None:
        if activation.number != number:
            number, started = activation.number, 0 if via is None else via.started
        if number != own:
            found.append((id(activation), started))
        via, activation = activation.via, activation.parent
    return tuple(found)


def innermost() -> Activation | None:
    """The activation that runs, or the one that started the task that runs."""
    found = running.get(number_of_task())
    if found is None:
        call = origin.get()
        return None if call is None else call.activation
    return found


def _spend(records: list[Record], thing: Any, key: Key) -> int:
    """Mark what was read at a location as spent; how much that was."""
    count = 0
    for place, record in enumerate(records):
        if record[0] is thing and record[1] == key:
            count += 1
            records[place] = record._replace(seen=SPENT)
        elif record[0] is thing and record[1] == CONTENTS:
            records[place] = record._replace(seen=SPENT)
    return count


def _close(records: Record | list[Record]) -> None:
    if isinstance(records, Record):
        close_read(records[0], records[1])
    else:
        for record in records:
            close_read(record[0], record[1])
