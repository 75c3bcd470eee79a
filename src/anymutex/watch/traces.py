"""Traces: by whom each location was written and under which locks, and which windows were open there.

Rule 1. An object is known weakly. What can't be, such as a dict or a list, is kept for a moment: when many
        have gathered, those go that nobody else has any more.
Rule 2. Of each place in the code the newest trace of a few tasks is kept: enough to find two that differ.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from anymutex.stacks import Place
    from anymutex.watch.descent import Past
    from anymutex.watch.heldlocks import Token
    from anymutex.watch.ledger import Key
    from anymutex.watch.suspect import Suspect

_TASKS = 3
_ONLY_OURS = 2  # references: that of the entry, and the argument of `getrefcount`


class Touch(NamedTuple):
    """A write, or a look of a function that did not write then."""

    past: Past
    held: frozenset[Token]
    place: Place
    is_removal: bool = False


class Opening(NamedTuple):
    """A window that was closed again with nobody coming in."""

    past: Past
    held: frozenset[Token]
    suspect: Suspect
    is_removal: bool


T = TypeVar("T", bound="Touch | Opening")


class _ByPlace(Generic[T]):
    """The newest traces of a few tasks for each place."""

    def __init__(self) -> None:
        self._found: dict[Hashable, list[T]] = {}

    def __iter__(self) -> Iterator[T]:
        return (trace for traces in list(self._found.values()) for trace in traces)

    def add(self, place: Hashable, trace: T) -> None:
        known = self._found.get(place, [])
        others = [other for other in known if other.past.actor != trace.past.actor]
        self._found[place] = [*others[1 - _TASKS :], trace]


class Traces:
    """All that is known of one location."""

    def __init__(self) -> None:
        self.touches: _ByPlace[Touch] = _ByPlace()
        self.looks: _ByPlace[Touch] = _ByPlace()
        self.openings: _ByPlace[Opening] = _ByPlace()


class _Known:
    """One object."""

    __slots__ = ("by_key", "strong", "weak")

    def __init__(self, thing: object, forget: Any) -> None:
        self.by_key: dict[Key, Traces] = {}
        self.strong: object = None
        self.weak: ref[Any] | None = None
        try:
            self.weak = ref(thing, forget)
        except TypeError:
            self.strong = thing

    @property
    def is_left(self) -> bool:
        """Whether nobody else has it."""
        return self.weak is None and sys.getrefcount(self.strong) <= _ONLY_OURS


class TraceBook:
    """The traces of all objects."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._limit = 64

    def at(self, thing: object, key: Key) -> Traces:
        """What is known of a location."""
        known = self._known.get(id(thing))
        if known is None:
            if len(self._known) >= self._limit:
                self._sweep()
            known = self._known[id(thing)] = _Known(thing, partial(self._forget, id(thing)))
        return known.by_key.setdefault(key, Traces())

    def keys_of(self, thing: object) -> Iterable[Key]:
        """The locations in `thing` of which something is known."""
        known = self._known.get(id(thing))
        return () if known is None else tuple(known.by_key)

    def _forget(self, number: int, _gone: object) -> None:
        self._known.pop(number, None)

    def _sweep(self) -> None:
        for number, known in list(self._known.items()):
            if known.is_left:
                del self._known[number]
        self._limit = 2 * max(len(self._known), 32)
