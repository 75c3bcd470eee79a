"""What is told of reads: for the function itself, for its callers (glances), before it calls others (checks).

A hook of a read takes it down in the activation; a *glance* is a read for a caller and is taken down only
while some call asks for what is read for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex.watch import rules
from anymutex.watch.activations import Activation, asking, carrying, number_of_task, running
from anymutex.watch.containers import STRUCTURE, base_of
from anymutex.watch.ledger import Clock, Record, new_record, open_reads
from anymutex.watch.modulehooks import Cell, ModuleHooks, T, innermost_call, location_of, seen_at, sized

if TYPE_CHECKING:
    from collections.abc import Hashable


class ReadHooks(ModuleHooks):
    """The hooks of reads."""

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
        """An item is about to be read, or it is asked whether a key is there."""
        if base_of[type(thing)] is not None:
            self._take_item(thing, key, f, index)
        return thing

    def size(self, value: T, f: Activation, index: int) -> T:
        """It is about to be asked whether a container is empty, how long it is, or what is in it."""
        if base_of[type(value)] is not None:
            record = sized(value, self.sites[index].how)
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

    def _take_item(self, thing: Any, key: Hashable, f: Activation, index: int) -> None:
        site = self.sites[index]
        location = location_of(thing, key, site.how)
        if location is None:
            return
        if site.own_write is not None:
            rules.written_then_read(f, site, thing, location)
        record = new_record((thing, location, Clock.now, seen_at(thing, location, site.how)))
        if site.is_multiple:
            f.put_more(index, record)
        else:
            f.put(index, record)

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
            _glance_at(thing, key, "[]")
        return thing

    def glance_member(self, thing: T, key: Hashable) -> T:
        """It is asked for a caller whether a key is there."""
        if asking and base_of[type(thing)] is not None:
            _glance_at(thing, key, "in")
        return thing

    def glance_size(self, value: T, how: str) -> T:
        """A container is asked for a caller whether it is empty, how long it is, or what is in it."""
        if asking and base_of[type(value)] is not None:
            call = innermost_call()
            if call is not None:
                call.add(sized(value, how))
        return value

    def glance_name(self, value: T, cell: Cell | None, name: str) -> T:
        """A name that functions share was read for a caller."""
        call = innermost_call() if asking else None
        if call is not None:
            call.add(Record(self.space if cell is None else cell, name, Clock.now))
        return value

    def check(self, thing: T, name: str) -> T:
        """An attribute is looked at."""
        if id(thing) in open_reads:
            call = innermost_call()
            if call is not None:
                call.checks.append((thing, name))
        return thing

    def check_item(self, thing: T, key: Hashable) -> T:
        """An item is, or whether it is there."""
        if id(thing) in open_reads and base_of[type(thing)] is not None:
            call = innermost_call()
            if call is not None:
                call.checks.append((thing, location_of(thing, key, "[]")))
        return thing

    def check_size(self, value: T) -> T:
        """The size of a container is."""
        if id(value) in open_reads:
            call = innermost_call()
            if call is not None:
                call.checks.append((value, STRUCTURE))
        return value


def _glance_at(thing: Any, key: Hashable, how: str) -> None:
    call = innermost_call()
    location = None if call is None else location_of(thing, key, how)
    if call is not None and location is not None:
        call.add(new_record((thing, location, Clock.now, seen_at(thing, location, how))))
