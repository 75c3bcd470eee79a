"""How a SharedMap's five hottest accesses reach its dict: straight, or past somebody who is to be asked.

Rule 1. A map holds these functions in slots of its own, so which kind they are is decided when something
        changes (an iteration opens, a listener comes), not at each access.
Rule 2. They know the map weakly: it holds them.
Rule 3. What a lock or a listener makes of an access is decided in one place, `SharedMap.look_twice_*`.
"""

from __future__ import annotations

import operator
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex.probe import listeners

if TYPE_CHECKING:
    from collections.abc import Callable
    from weakref import ref

    from anymutex.primitives.guard import Guard
    from anymutex.primitives.mutex import Mutex
    from anymutex.primitives.sharedmap import SharedMap

    MapRef = ref[SharedMap[Any, Any]]
    Windows = tuple[set[Any], dict[Any, Any]]  # open iterations and updates


NAMES = ("__getitem__", "get", "__contains__", "__len__", "__setitem__")


class Access(NamedTuple):
    """The five functions, in the order of `NAMES`."""

    getitem: Callable[[Any], Any]
    get: Callable[..., Any]
    contains: Callable[[Any], bool]
    length: Callable[[], int]
    setitem: Callable[[Any, Any], None]


def straight(data: dict[Any, Any]) -> Access:
    """Dict's own C methods: nobody iterates, guards or listens."""
    return Access(data.__getitem__, data.get, data.__contains__, data.__len__, straight_writes(data))


def straight_writes(data: dict[Any, Any]) -> Any:
    """The `setitem` then: as a method it is C all the way; `data.__setitem__` builds a tuple first."""
    return MethodType(operator.setitem, data)


def noting_writes(map_ref: MapRef) -> Any:
    """The `setitem` while iterations are open: a write may break into them."""
    return MethodType(_store, map_ref)


def asking(map_ref: MapRef, data: dict[Any, Any], guard: Guard | None) -> Access:
    """A lock guards the map, or a listener is attached."""
    may_read = guard.holds_for_read if guard is not None else _always

    def getitem(key: Any) -> Any:
        if listeners or not may_read():
            _map_of(map_ref).look_twice_at_read(key)
        return data[key]

    def get(key: Any, default: Any = None, /) -> Any:
        if listeners or not may_read():
            _map_of(map_ref).look_twice_at_read(key)
        return data.get(key, default)

    def contains(key: Any) -> bool:
        if listeners or not may_read():
            _map_of(map_ref).look_twice_at_read(key)
        return key in data

    def length() -> int:
        if listeners or not may_read():
            _map_of(map_ref).read_whole()
        return len(data)

    return Access(getitem, get, contains, length, noting_writes(map_ref))


def asking_mutex(
    map_ref: MapRef,
    data: dict[Any, Any],
    guard: Guard,
    mutex: Mutex,
    windows: tuple[set[Any], dict[Any, Any]],
) -> Access:
    """As `asking` without a listener, with the question to a Mutex written out: a call less."""

    iterations, updates = windows

    def getitem(key: Any) -> Any:
        owner = mutex.owner
        if owner is None or owner is not mutex.facts.who():
            _map_of(map_ref).look_twice_at_read(key)
        return data[key]

    def get(key: Any, default: Any = None, /) -> Any:
        owner = mutex.owner
        if owner is None or owner is not mutex.facts.who():
            _map_of(map_ref).look_twice_at_read(key)
        return data.get(key, default)

    def setitem(key: Any, value: Any) -> None:
        owner = mutex.owner
        if owner is None or owner is not mutex.facts.who() or iterations or updates:
            _map_of(map_ref).store(key, value)
        else:
            data[key] = value

    return asking(map_ref, data, guard)._replace(getitem=getitem, get=get, setitem=setitem)


def _map_of(map_ref: MapRef) -> SharedMap[Any, Any]:
    shared_map = map_ref()
    assert shared_map is not None  # it is being accessed
    return shared_map


def _store(map_ref: MapRef, key: Any, value: Any) -> None:
    _map_of(map_ref).store(key, value)


def _always() -> bool:
    return True
