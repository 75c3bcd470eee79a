"""The hooks that instrumented code calls: one object a module, which knows the module's sites.

Rule 1. A hook never raises, and gives back what it got: the program goes on as if it were not there.
Rule 2. What runs often comes first and is short. What a hook does when somebody has an eye on the very
        object is in other files.
Rule 3. A hook of a read takes it down in the activation; a *glance* is a read for a caller and is taken down
        only while some call asks for what is read for it.
Rule 4. A call site asks for it until that was in vain so many times: nothing of it was ever written later by
        the task that had read it. That makes most calls of big programs cheap.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from anymutex.watch import activations, containers, draining, findings, iteration, orphaning, rules, vanishing
from anymutex.watch.activations import Activation, Call, asking, carrying, number_of_task, running
from anymutex.watch.containers import CONTENTS, STRUCTURE, base_of
from anymutex.watch.ledger import Clock, Record, new_record, open_reads
from anymutex.watch.sites import from_plain
from anymutex.watch.written import NO_VALUE, Written

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T")
_MOST_IN_VAIN = 32
_IN_VAIN = 2


class Cell:
    """Stands for the scope of a name that nested functions assign."""

    __slots__ = ()


class Hooks:
    """The hooks of one module.

    Args:
        space: The module's globals.
        table: Its sites, as plain data.
        file: Its source, as its code objects name it; by default that of the caller.
    """

    def __init__(self, space: dict[str, Any], table: tuple[Any, ...], file: str | None = None) -> None:
        self.space = space
        self.file: str = file or sys._getframe(1).f_code.co_filename
        self.module: str = space.get("__name__") or ""
        self.sites = [from_plain(fields) for fields in table]
        self.asking = asking
        self._pending: dict[int, Any] = {}
        self.hits: set[int] = set()
        """Sites that read what the same task wrote later: these matter."""
        self._vain: set[int] = set()
        self._vain_counts: dict[int, int] = {}
        self._value: Any = NO_VALUE
        modules.append(self.module)
        files.append(self.file)

    # -- functions

    def cell(self) -> Cell:
        """A scope comes to be."""
        return Cell()

    def enter(self, index: int) -> Activation:
        """A function that may suspend begins."""
        number = number_of_task()
        parent = running.get(number)
        if parent is not None:
            via = parent.call
            if via is not None and via.reads is not None:
                asking.discard(via)
        else:
            via = activations.origin.get()
            parent = None if via is None else via.activation
        activation = running[number] = Activation(self, index, number, parent, via)
        return activation

    def leave(self, f: Activation) -> None:
        """It ends, in whatever way."""
        error = sys.exc_info()[1]
        if error is not None:
            vanishing.ended_by(error, f)
        if f.waits:
            orphaning.end_all(f)
        self._step_out(f)
        if f.carried:
            f.hand_up_carried()
        if f.via is not None and f.records:
            _hand_on(f, self.sites[f.index].control)
        f.clear()

    def returned(self, value: T, f: Activation, index: int) -> T:
        """It is about to return: what this comes from is handed to the call."""
        if f.via is not None:
            _hand_on(f, self.sites[index].data)
        return value

    def out(self, value: T, f: Activation) -> T:
        """A generator yields."""
        self._step_out(f)
        return value

    def back(self, value: T, f: Activation) -> T:
        """It goes on, for whoever asks for the next value."""
        number = number_of_task()
        parent = running.get(number)
        if parent is not f:
            f.number, f.parent = number, parent
            f.via = None if parent is None else parent.call
            if f.via is not None:
                asking.discard(f.via)
            running[number] = f
        return value

    def _step_out(self, f: Activation) -> None:
        if running.get(f.number) is f:
            parent = f.parent
            if parent is not None and parent.number == f.number:
                running[f.number] = parent
                if parent.call is not None and parent.call.reads is not None:
                    asking.add(parent.call)
            else:
                del running[f.number]

    # -- calls

    def call(self, f: Activation, index: int) -> Call:
        """A call is about to be made."""
        made = f.call = Call(index, f, index not in self._vain)
        return made

    def spawn(self, f: Activation, index: int) -> Call:
        """The same of a call that may start tasks."""
        made = f.call = Call(index, f, True)
        made.bequeath()
        return made

    def done(self, call: Call, value: T, f: Activation, raising: int | None) -> T:
        """It has returned."""
        outer = f.call = call.outer
        if outer is not None and outer.reads is not None:
            asking.add(outer)
        if call.inherited is not Call:
            call.bequeath_no_more()
        reads = call.reads
        if reads is None:  # nobody asked, or it was too much
            if call.index not in self._vain:
                self._count_vain(call.index)
            if call.index in f.records:
                f.put_all(call.index, [])
            return value
        if reads:
            f.put_all(call.index, reads)
            if call.index not in self.hits:
                self._count_vain(call.index)
            if raising is not None:
                f.put_all(raising, reads)
            call.close()
        else:
            call.close()
            if call.index not in self.hits:
                self._count_vain(call.index, 1)
            if call.index in f.records:
                f.put_all(call.index, [])
        return value

    def _count_vain(self, index: int, weight: int = _IN_VAIN) -> None:
        """What a call read was never written later: after so many times nobody asks any more (rule 4).

        A call that read nothing at all weighs less: it may have been of another function.
        """
        count = self._vain_counts[index] = self._vain_counts.get(index, 0) + weight
        if count > _MOST_IN_VAIN * _IN_VAIN:
            self._vain.add(index)

    def entering(self, value: T, f: Activation, index: int) -> T:
        """A context manager is about to be entered, or an asynchronous iterator to be asked."""
        f.call = Call(index, f, index not in self._vain)
        return value

    def entered(self, f: Activation) -> None:
        """It was."""
        call = f.call
        if call is not None:
            self.done(call, None, f, None)
        f.settle()

    def settle(self, f: Activation) -> None:
        """A statement has ended, well or not: no call is under way."""
        if f.call is not None:
            f.settle()

    def mark(self) -> int:
        """How much was read for the innermost call so far."""
        if not asking:
            return -1
        call = _innermost_call()
        return -1 if call is None or call.reads is None else len(call.reads)

    def cut(self, mark: int, value: T) -> T:
        """Forget what was read for it since."""
        call = _innermost_call() if mark >= 0 else None
        if call is not None and call.reads is not None and len(call.reads) > mark:
            kept = call.reads[:mark]
            call.close()
            call.reads = []
            for record in kept:
                call.add(record)
        return value

    # -- reads

    def read(self, thing: T, name: str, f: Activation, index: int) -> T:
        """An attribute is about to be read."""
        site = self.sites[index]
        if site.own_write is not None:
            rules.written_then_read(f, site, thing, name)
        record = new_record((thing, name, Clock.now, None))
        if carrying:
            carried = f.carried_by(thing, name)
            if carried:
                f.put_all(index, [record, *carried])
                return thing
        if site.is_multiple:
            f.put_more(index, record)
        else:
            f.put(index, record)
        return thing

    def item(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """An item is about to be read."""
        if base_of[type(thing)] is not None:
            self._take_item(thing, key, f, index, containers.has)
        return thing

    def member(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """It is about to be asked whether a key is there."""
        if base_of[type(thing)] is not None:
            self._take_item(thing, key, f, index, containers.has)
        return thing

    def size(self, value: T, f: Activation, index: int) -> T:
        """It is about to be asked whether a container is empty, how long it is, or what is in it."""
        if base_of[type(value)] is not None:
            record = _sized(value, self.sites[index].how)
            if self.sites[index].is_multiple:
                f.put_more(index, record)
            else:
                f.put(index, record)
        return value

    def name(self, value: T, cell: Cell | None, name: str, f: Activation, index: int) -> T:
        """A name that functions share was read."""
        thing = self.space if cell is None else cell
        record = new_record((thing, name, Clock.now, None))
        if self.sites[index].is_multiple:
            f.put_more(index, record)
        else:
            f.put(index, record)
        return value

    def _take_item(self, thing: Any, key: Hashable, f: Activation, index: int, has: Any) -> None:
        site = self.sites[index]
        location = location_of(thing, key, site.how)
        if location is None:
            return
        if site.own_write is not None:
            rules.written_then_read(f, site, thing, location)
        seen = ("in", int(has(thing, key))) if site.how == "in" and location != STRUCTURE else None
        record = new_record((thing, location, Clock.now, seen))
        if site.is_multiple:
            f.put_more(index, record)
        else:
            f.put(index, record)

    # -- reads for a caller

    def glance(self, thing: T, name: str) -> T:
        """An attribute is about to be read for a caller."""
        if asking:
            activation = running.get(number_of_task())
            if activation is not None:
                call = activation.call
                if call is not None and call.reads is not None:
                    call.add(new_record((thing, name, Clock.now, None)))
        return thing

    def glance_item(self, thing: T, key: Hashable) -> T:
        """An item is."""
        if asking and base_of[type(thing)] is not None:
            call = _innermost_call()
            location = None if call is None else location_of(thing, key, "[]")
            if call is not None and location is not None:
                call.add(Record(thing, location, Clock.now))
        return thing

    def glance_member(self, thing: T, key: Hashable) -> T:
        """It is asked for a caller whether a key is there."""
        if asking and base_of[type(thing)] is not None:
            call = _innermost_call()
            location = None if call is None else location_of(thing, key, "in")
            if call is not None and location is not None:
                seen = None if location == STRUCTURE else ("in", int(containers.has(thing, key)))
                call.add(Record(thing, location, Clock.now, seen))
        return thing

    def glance_whole(self, value: T) -> T:
        """A container is read as a whole for a caller."""
        if asking and base_of[type(value)] is not None:
            call = _innermost_call()
            if call is not None:
                call.add(_sized(value, "whole"))
        return value

    def glance_size(self, value: T) -> T:
        """A container is asked for a caller how many elements it has."""
        if asking and base_of[type(value)] is not None:
            call = _innermost_call()
            if call is not None:
                call.add(_sized(value, "len"))
        return value

    def glance_truth(self, value: T) -> T:
        """A container is asked for a caller whether it is empty."""
        if asking and base_of[type(value)] is not None:
            call = _innermost_call()
            if call is not None:
                call.add(_sized(value, "truth"))
        return value

    def glance_name(self, value: T, cell: Cell | None, name: str) -> T:
        """A name that functions share was read for a caller."""
        call = _innermost_call() if asking else None
        if call is not None:
            call.add(Record(self.space if cell is None else cell, name, Clock.now))
        return value

    # -- what a function that can't suspend looks at before it calls another

    def check(self, thing: T, name: str) -> T:
        """An attribute is looked at."""
        if id(thing) in open_reads:
            call = _innermost_call()
            if call is not None:
                call.checks.append((thing, name))
        return thing

    def check_item(self, thing: T, key: Hashable) -> T:
        """An item is, or whether it is there."""
        if id(thing) in open_reads and base_of[type(thing)] is not None:
            call = _innermost_call()
            if call is not None:
                call.checks.append((thing, location_of(thing, key, "[]")))
        return thing

    def check_size(self, value: T) -> T:
        """The size of a container is."""
        if id(value) in open_reads:
            call = _innermost_call()
            if call is not None:
                call.checks.append((value, STRUCTURE))
        return value

    # -- keys that are evaluated once, after their container (or before it, with `in`)

    def hold(self, thing: T, f: Activation | None, index: int) -> T:
        """The container; its key comes next."""
        (self._pending if f is None else f.pending)[index] = thing
        return thing

    def key(self, key: T, f: Activation | None, index: int) -> T:
        """The key of the container that is held."""
        thing = (self._pending if f is None else f.pending).pop(index, None)
        if thing is not None:
            self._use(thing, key, f, index)
        return key

    def _use(self, thing: Any, key: Any, f: Activation | None, index: int) -> None:
        site = self.sites[index]
        if site.kind == "write":
            if site.how in containers.CONSUMING:
                self.take(thing, key, index)
            elif site.how in containers.CHANGING:
                self.change(thing, key, index)
            elif site.how == "del":
                self.remove(thing, key, index)
            else:
                self.store(thing, key, index)
            if f is not None:
                _take_own(thing, location_of(thing, key, "[]"), f, index)
        elif f is None:
            self.glance_item(thing, key)
        else:
            self.item(thing, key, f, index)

    def key_first(self, key: T, f: Activation | None, index: int) -> T:
        """The key; its container comes next."""
        (self._pending if f is None else f.pending)[index] = key
        return key

    def member_of(self, thing: T, f: Activation | None, index: int) -> T:
        """The container for the key that is held."""
        pending = self._pending if f is None else f.pending
        if index in pending:
            key = pending.pop(index)
            if f is None:
                self.glance_member(thing, key)
            else:
                self.member(thing, key, f, index)
        return thing

    # -- writes

    def change_of(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `change`, of a container that came out of a slot before a suspension."""
        rules.changed_apart(f, self.sites[index], thing)
        return self.change(thing, key, index)

    def value(self, value: T) -> T:
        """What is going to be stored."""
        self._value = value
        return value

    def write(self, thing: T, name: str, index: int) -> T:
        """An attribute is about to be assigned."""
        keys = open_reads.get(id(thing))
        if keys is not None and name in keys:
            self._wrote(thing, name, index)
        self._value = NO_VALUE
        return thing

    def empty(self, thing: T, name: str, index: int) -> T:
        """An empty container is about to be assigned to an attribute."""
        old = containers.attribute_of(thing, name)
        if id(old) in open_reads and id(thing) not in open_reads:
            draining.drained(Written(self, thing, name, index, NO_VALUE))
        return self.write(thing, name, index)

    def store(self, thing: T, key: Hashable, index: int) -> T:
        """An item is about to be assigned or deleted."""
        if id(thing) in open_reads:
            location = location_of(thing, key, "[]")
            if location is not None:
                self._wrote(thing, location, index, key)
        self._value = NO_VALUE
        return thing

    def remove(self, thing: T, key: Hashable, index: int) -> T:
        """An item is about to be deleted."""
        if base_of[type(thing)] is not None:
            vanishing.note_removal(self, thing, key, index)
            if id(containers.item_of(thing, key)) in open_reads and id(thing) not in open_reads:
                self._wrote(thing, ("[]", key), index, key)
            self.store(thing, key, index)
        return thing

    def take(self, thing: T, key: Hashable, index: int) -> T:
        """A method that takes something out of a container is about to be called."""
        if base_of[type(thing)] is not None:
            vanishing.note_removal(self, thing, key, index)
            is_keyed = key is not None and base_of[type(thing)] is dict and id(thing) not in open_reads
            if is_keyed and id(containers.item_of(thing, key)) in open_reads:
                self._wrote(thing, ("[]", key), index, key)
            self.change(thing, key, index)
        return thing

    def change(self, thing: T, key: Hashable, index: int) -> T:
        """A method that changes a container is about to be called."""
        if id(thing) in open_reads:
            base = base_of[type(thing)]
            if base is not None:
                keyed = key is not None and (base is dict or base is set)
                keyed = keyed and self.sites[index].how not in containers.REORDERING
                location = location_of(thing, key, "[]") if keyed else STRUCTURE
                if location is not None:
                    self._wrote(thing, location, index, key)
        return thing

    def write_own(self, thing: T, name: str, f: Activation, index: int) -> T:
        """As `write`; the function reads it again later."""
        self.write(thing, name, index)
        _take_own(thing, name, f, index)
        return thing

    def empty_own(self, thing: T, name: str, f: Activation, index: int) -> T:
        """As `empty`."""
        self.empty(thing, name, index)
        _take_own(thing, name, f, index)
        return thing

    def write_carrying(self, thing: T, name: str, f: Activation, index: int) -> T:
        """As `write_own`; the value comes from reads, and whoever reads it from there rests on them too."""
        self.write(thing, name, index)
        records = [record for source in self.sites[index].carries for record in f.of(source)]
        f.carry(thing, name, records)
        _take_own(thing, name, f, index)
        return thing

    def store_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `store`."""
        self.store(thing, key, index)
        _take_own(thing, location_of(thing, key, "[]"), f, index)
        return thing

    def change_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `change`."""
        self.change(thing, key, index)
        if base_of[type(thing)] is not None and key is not None:
            _take_own(thing, location_of(thing, key, "[]"), f, index)
        return thing

    def take_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `take`."""
        return self.take(thing, key, index)

    def remove_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `remove`."""
        return self.remove(thing, key, index)

    def name_written(self, value: T, cell: Cell | None, name: str, index: int) -> T:
        """A name that functions share is about to be assigned."""
        thing = self.space if cell is None else cell
        if id(thing) in open_reads:
            self._value = value
            self._wrote(thing, name, index)
        self._value = NO_VALUE
        return value

    def old_name(self, cell: Cell | None, name: str, f: Activation, index: int) -> None:
        """`name += await ...` has loaded the old value."""
        f.put(index, Record(self.space if cell is None else cell, name, Clock.now))

    def then(self, before: object, value: T) -> T:
        """The value, after what was to be done before."""
        return value

    def after(self, value: T, thing: object, name: str, f: Activation, index: int) -> T:
        """A call has returned that wrote an attribute of this very object."""
        _take_own(thing, name, f, index)
        return value

    def about_to_wait(self, value: T, f: Activation, index: int) -> T:
        """An event is about to be waited for, because of a test."""
        orphaning.begin_wait_under_test(f, index, value)
        return value

    def augmented(self, value: T, f: Activation, old: int, index: int) -> T:
        """`x.y += await ...` is about to store: what it loaded before is in the site `old`."""
        for record in f.of(old):
            if id(record.thing) in open_reads:
                self._wrote(record.thing, record.key, index)
        return value

    def _wrote(self, thing: Any, key: Hashable, index: int, argument: Any = None) -> None:
        try:
            rules.wrote(Written(self, thing, key, index, self._value, argument))
        except Exception as error:
            findings.complain(error)
        self._value = NO_VALUE

    # -- loops and waits

    def loop(self, iterable: T, f: Activation, index: int) -> T:
        """A loop over something that lives begins."""
        iteration.begin_loop(f, index, iterable)
        return iterable

    def turn(self, f: Activation, index: int) -> None:
        """It is about to ask for the next element."""
        iteration.turn_loop(f, index)

    def waiting(self, value: T, f: Activation, index: int) -> T:
        """What a local name stands for is about to be waited on."""
        orphaning.begin_wait(f, index, value)
        return value

    def waited(self, value: T, f: Activation, index: int) -> T:
        """The wait is over."""
        if f.waits:
            orphaning.end_wait(f, index, is_over=True)
        return value


modules: list[str] = []
"""The names of all instrumented modules, in the order in which they were loaded."""
files: list[str] = []
"""And their files."""


def location_of(thing: Any, key: Any, how: str) -> Any:
    """The location of `key` in a container; None for a key that can't be one."""
    base = base_of[type(thing)]
    if base is None or ((base is not dict) and how in {"in", "index", "count"} and base is not set):
        return None if base is None else STRUCTURE
    try:
        hash(key)
    except TypeError:
        return None
    return ("[]", key)


def _sized(value: Any, how: str) -> Record:
    if how in {"len", "truth"}:
        return Record(value, STRUCTURE, Clock.now, (how, containers.size_of(value)))
    return Record(value, CONTENTS, Clock.now)


def _innermost_call() -> Call | None:
    activation = running.get(number_of_task())
    return None if activation is None else activation.call


def _take_own(thing: object, key: Any, f: Activation, index: int) -> None:
    if key is not None:
        f.put(index, Record(thing, key, Clock.now))


def _hand_on(f: Activation, sources: tuple[int, ...]) -> None:
    """What the sites `sources` have read was read for the caller."""
    call = f.via
    if call is None or call.reads is None:
        return
    for source in sources:
        if source >= 0:
            for record in f.of(source):
                call.add(record)
