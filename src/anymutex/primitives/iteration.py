"""Iteration: one pass over a SharedMap or one of its views, at the speed of dict's own iterator.

Rule 1. The step is an attribute. `__next__` is a slot that holds the C step of dict's own iterator while
        nothing is to be noticed; whoever has something to say to this iteration makes it `be_slow`.
        So a pass costs no Python call a key, and still learns of a foreign write at its very next step.
Rule 2. Nothing keeps an iteration alive but the loop that uses it; the map knows it weakly. A loop left by
        `break`, or a suspended generator that was dropped, is gone at once.
Rule 3. The iterating actor is the one that advances: asked at the first step, when another loop takes the
        iterator over, and whenever a write was noticed since.
Rule 4. An iteration is marked once, by the first foreign write after its first step.
"""

from __future__ import annotations

import sys
from gc import get_referents
from operator import length_hint
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import ref

from anymutex import starts, tasks
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.primitives.sharedmap import SharedMap
    from anymutex.primitives.sighting import Sighting
    from anymutex.stacks import Site
    from anymutex.tasks import Actor

    Order = Callable[[Any], Iterator[Any]]  # iter or reversed
    Shape = Callable[[Any, Any], Any]  # makes an item of a key and its value

T = TypeVar("T")
_caller = sys._getframe


class Iteration(Generic[T]):
    """The iterator that `iter(shared_map)` and its views return. To be made by the function that is called.

    Args:
        shared_map: The map it passes over.
        view: What to pass over: the map's dict, or a view of it.
        order: `iter` or `reversed`.
        shape: Makes the item that `view` holds of a key and its value.
    """

    __slots__ = (
        "__next__",
        "__weakref__",
        "_map",
        "_order",
        "_rest",
        "_shape",
        "_source",
        "actor",
        "ref",
        "sighting",
        "site",
        "size",
    )

    if TYPE_CHECKING:

        def __next__(self) -> T: ...

    def __init__(self, shared_map: SharedMap[Any, Any], view: Any, order: Order, shape: Shape) -> None:
        self._map = shared_map
        self._order = order
        self._shape = shape
        self._source: Iterator[T] = order(view)
        self._rest: list[Any] | None = None
        self.size = len(view)
        self.actor: Actor | None = None  # None before the first step
        self.sighting: Sighting | None = None
        caller = _caller(2)
        self.site: Site = (caller.f_code, caller.f_lasti)
        self.ref: ref[Iteration[Any]] = ref(self)
        self.be_slow()

    def __iter__(self) -> Iteration[T]:
        self.be_slow()  # another loop takes over, maybe in another task
        return self

    def __length_hint__(self) -> int:
        return length_hint(self._source)

    @property
    def seen(self) -> int:
        """How many items the loop has been given, as long as the map's size has not changed."""
        return self.size - length_hint(self._source)

    @property
    def is_open(self) -> bool:
        """Whether a step is still to come. An iterator that gave StopIteration has let go of its dict."""
        data = self._map.data
        return length_hint(self._source) > 0 or any(one is data for one in get_referents(self._source))

    def known_to(self, forget: Callable[[ref[Iteration[Any]]], None]) -> ref[Iteration[Any]]:
        """A weak reference that calls `forget` when the iteration has gone."""
        self.ref = ref(self, forget)
        return self.ref

    def be_slow(self) -> None:
        """Look twice at the next step. Bound to the weak reference: bound to itself it would be a cycle."""
        self.__next__ = MethodType(_slow_next, self.ref)  # type: ignore[method-assign]

    def remember_rest(self) -> None:
        """Keep the keys still to come, before a write after which the loop is to go on."""
        keys = list(self._order(self._map.data))
        self._rest = keys[len(keys) - length_hint(self._source) :]

    def mark(self, sighting: Sighting) -> None:
        """Somebody else wrote: the next step is to tell."""
        self.sighting = sighting
        self.be_slow()

    @ki_protected
    def step(self) -> T:
        """One step with open eyes: settle what was noticed, then go on as fast as may be."""
        if watched := self._map.is_watched():
            self._map.read_whole()
        if self.sighting is not None:
            self._settle(self.sighting)
        is_first, self.actor = self.actor is None, tasks.actor()
        starts.leave_lineage(self.actor)
        if is_first:
            self._map.note_open(self)
        if not watched:
            self.__next__ = self._source.__next__  # type: ignore[method-assign]
            if self.sighting is not None:  # a thread wrote since it was looked for
                self.be_slow()
        return next(self._source)

    def _settle(self, sighting: Sighting) -> None:
        self.sighting = None
        if sighting.writer.who == tasks.actor():
            self._map.note_open(self)  # handed over to the writer itself, whose own write is legal
            return
        if self._rest is not None:
            self._source = self._remainder(self._rest)
        self._map.tell(sighting.told_to(tasks.actor()).report(self._map))

    def _remainder(self, keys: list[Any]) -> Iterator[T]:
        for key in keys:
            if key in self._map.data:
                yield self._shape(key, self._map.data[key])


def _slow_next(iteration_ref: ref[Iteration[T]]) -> T:
    iteration = iteration_ref()
    assert iteration is not None  # it is being advanced
    return iteration.step()
