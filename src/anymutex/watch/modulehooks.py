"""ModuleHooks: what the hooks of one module know, and what all kinds of hooks share."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any, TypeVar

from anymutex.watch import containers
from anymutex.watch.activations import Activation, Call, asking, number_of_task, running
from anymutex.watch.containers import CONTENTS, STRUCTURE, base_of
from anymutex.watch.ledger import Clock, Record
from anymutex.watch.sites import from_plain
from anymutex.watch.written import NO_VALUE

T = TypeVar("T")

modules: list[str] = []
"""The names of all instrumented modules, in the order in which they were loaded."""
files: list[str] = []
"""And their files."""


class Cell:
    """Stands for the scope of a name that nested functions assign."""

    __slots__ = ()


class ModuleHooks:
    """The sites of one module.

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

    def cell(self) -> Cell:
        """A scope comes to be."""
        return Cell()


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


def seen_at(thing: Any, location: Any, how: str) -> tuple[str, int] | None:
    """What is kept of what an item was when it was read: never the value itself."""
    if location == STRUCTURE:
        return None
    if how == "in":
        return "in", int(containers.has(thing, location[1]))
    if base_of[type(thing)] in {list, deque}:
        return "at", id(containers.item_of(thing, location[1]))
    return None


def sized(value: Any, how: str) -> Record:
    if how in {"len", "truth"}:
        return Record(value, STRUCTURE, Clock.now, (how, containers.size_of(value)))
    if how in {"index", "count"}:
        return Record(value, STRUCTURE, Clock.now)
    return Record(value, CONTENTS, Clock.now)


def innermost_call() -> Call | None:
    activation = running.get(number_of_task())
    return None if activation is None else activation.call


def take_own(thing: object, key: Any, f: Activation, index: int) -> None:
    if key is not None:
        f.put(index, Record(thing, key, Clock.now))
