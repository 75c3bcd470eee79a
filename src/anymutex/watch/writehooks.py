"""What is told of writes: attributes, items, changes of containers, shared names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex.watch import containers, draining, findings, rules, vanishing
from anymutex.watch.containers import STRUCTURE, base_of
from anymutex.watch.ledger import Clock, Record, open_reads
from anymutex.watch.modulehooks import Cell, ModuleHooks, T, location_of, take_own
from anymutex.watch.written import NO_VALUE, Written

if TYPE_CHECKING:
    from collections.abc import Hashable

    from anymutex.watch.activations import Activation


class WriteHooks(ModuleHooks):
    """The hooks of writes."""

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
        take_own(thing, name, f, index)
        return thing

    def empty_own(self, thing: T, name: str, f: Activation, index: int) -> T:
        """As `empty`."""
        self.empty(thing, name, index)
        take_own(thing, name, f, index)
        return thing

    def write_carrying(self, thing: T, name: str, f: Activation, index: int) -> T:
        """As `write_own`; the value comes from reads, and whoever reads it from there rests on them too."""
        self.write(thing, name, index)
        records = [record for source in self.sites[index].carries for record in f.of(source)]
        f.carry(thing, name, records)
        take_own(thing, name, f, index)
        return thing

    def store_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `store`."""
        self.store(thing, key, index)
        take_own(thing, location_of(thing, key, "[]"), f, index)
        return thing

    def change_own(self, thing: T, key: Hashable, f: Activation, index: int) -> T:
        """As `change`."""
        self.change(thing, key, index)
        if base_of[type(thing)] is not None and key is not None:
            take_own(thing, location_of(thing, key, "[]"), f, index)
        return thing

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
        take_own(thing, name, f, index)
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
