"""WatchedReads: a SharedMap's reads while a lock guards it or a listener is attached.

A map binds its hottest reads straight to its dict's own C methods; these here take their place when there
is somebody to ask or to tell. They know the map weakly, since the map's slots hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from anymutex.events import MapRead
from anymutex.probe import announce, listeners

if TYPE_CHECKING:
    from anymutex.primitives.guard import Guard
    from anymutex.primitives.sharedmap import SharedMap


class WatchedReads:
    """The four reads that a SharedMap rebinds, each of which asks and tells before it reads."""

    __slots__ = ("_data", "_map", "_may_read")

    def __init__(self, shared_map: SharedMap[Any, Any], data: dict[Any, Any], guard: Guard | None) -> None:
        self._map = ref(shared_map)
        self._data = data
        self._may_read = guard.holds_for_read if guard is not None else _always

    def getitem(self, key: Any) -> Any:
        """`m[key]`"""
        if listeners or not self._may_read():
            self._look_twice(key)
        return self._data[key]

    def get(self, key: Any, default: Any = None, /) -> Any:
        """`m.get(key)`"""
        if listeners or not self._may_read():
            self._look_twice(key)
        return self._data.get(key, default)

    def contains(self, key: Any) -> bool:
        """`key in m`"""
        if listeners or not self._may_read():
            self._look_twice(key)
        return key in self._data

    def length(self) -> int:
        """`len(m)`"""
        if listeners or not self._may_read():
            self._look_twice(self._map())
        return len(self._data)

    def _look_twice(self, key: Any) -> None:
        shared_map = self._map()
        if shared_map is not None:
            shared_map.require_read()
            if listeners:
                announce(MapRead(shared_map, key))


def _always() -> bool:
    return True
