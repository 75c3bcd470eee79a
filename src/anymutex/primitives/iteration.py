"""Iteration: one pass over a SharedMap or one of its views, at the speed of dict's own iterator.

Rule 1. The step is an attribute. `__next__` is a slot that holds the C step of dict's own iterator while
        nothing is to be noticed; whoever has something to say to this iteration puts `_slow_next` there.
        So a pass costs no Python call a key, and still learns of a foreign write at its very next step.
Rule 2. Nothing keeps an iteration alive but the loop that uses it; the map knows it weakly. A loop left by
        `break`, or a suspended generator that was dropped, is gone at once.
Rule 3. The iterating actor is the one that advances: asked at the first step, and again whenever a write
        was noticed since.
Rule 4. An iteration is marked once, by the first foreign write after its first step.
"""

from __future__ import annotations

import sys
from functools import partial
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import ref

from anymutex import stacks, tasks
from anymutex.events import MapRead
from anymutex.probe import announce, listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.primitives.sharedmap import SharedMap
    from anymutex.primitives.sighting import Sighting
    from anymutex.stacks import Site
    from anymutex.tasks import Actor

T = TypeVar("T")


class Iteration(Generic[T]):
    """The iterator that `iter(shared_map)` and its views return.

    Args:
        shared_map: The map it passes over.
        source: A new iterator over the map's dict.
        keys: Gives the dict's keys in the order of `source`.
        shape: Makes the item that `source` would give of a key and its value.
    """

    __slots__ = (
        "__next__",
        "__weakref__",
        "_keys",
        "_map",
        "_rest",
        "_shape",
        "_source",
        "actor",
        "sighting",
        "site",
        "size",
    )

    if TYPE_CHECKING:

        def __next__(self) -> T: ...

    def __init__(
        self,
        shared_map: SharedMap[Any, Any],
        source: Iterator[T],
        keys: Callable[[], Iterator[Any]],
        shape: Callable[[Any, Any], T],
    ) -> None:
        self._map = shared_map
        self._source = source
        self._keys = keys
        self._shape = shape
        self._rest: list[Any] | None = None
        self.actor: Actor | None = None
        self.site: Site = stacks.site_of(sys._getframe(2))
        self.size = length_hint(source)
        self.sighting: Sighting | None = None
        self.be_slow()

    def __iter__(self) -> Iteration[T]:
        return self

    def __length_hint__(self) -> int:
        return length_hint(self._source)

    @property
    def seen(self) -> int:
        """How many items the loop has been given, as long as the map's size has not changed."""
        return self.size - length_hint(self._source)

    def be_slow(self) -> None:
        """Look twice at the next step. A weak reference: a bound method here would be a cycle."""
        self.__next__ = partial(_slow_next, ref(self))  # type: ignore[method-assign]

    def remember_rest(self) -> None:
        """Keep the keys still to come, before a write after which the loop is to go on."""
        keys = list(self._keys())
        self._rest = keys[len(keys) - length_hint(self._source) :]

    def mark(self, sighting: Sighting) -> None:
        """Somebody else wrote: the next step is to tell."""
        self.sighting = sighting
        self.be_slow()

    def step(self) -> T:
        """One step with open eyes: settle what was noticed, then go on as fast as may be."""
        self._map.require_read()
        if self.sighting is not None:
            self._settle(self.sighting)
        self._note_actor()
        if listeners:
            announce(MapRead(self._map, self._map))
        if not self._map.is_watched():
            self.__next__ = self._source.__next__  # type: ignore[method-assign]
        return next(self._source)

    def _note_actor(self) -> None:
        if self.actor is None:
            self._map.note_open(self)
        self.actor = tasks.actor()
        tasks.leave_lineage(self.actor)

    def _settle(self, sighting: Sighting) -> None:
        self.sighting = None
        if sighting.writer.who == tasks.actor():
            self._map.note_open(self)  # handed over to the writer itself, whose own write is legal
            return
        if self._rest is not None:
            self._source = self._remainder(self._rest)
        self._map.tell(sighting.told_to(tasks.actor()))

    def _remainder(self, keys: list[Any]) -> Iterator[T]:
        for key in keys:
            if key in self._map.data:
                yield self._shape(key, self._map.data[key])


def _slow_next(iteration_ref: ref[Iteration[T]]) -> T:
    iteration = iteration_ref()
    assert iteration is not None  # it is being advanced
    return iteration.step()
