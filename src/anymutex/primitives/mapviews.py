"""The live views of a SharedMap: `keys()`, `values()` and `items()`, as dict's views."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from reprlib import recursive_repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from anymutex.primitives.iteration import Iteration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anymutex.primitives.sharedmap import SharedMap

K = TypeVar("K")
V = TypeVar("V")


class MapKeys(KeysView[K]):
    """What `SharedMap.keys()` returns."""

    __slots__ = ()
    _mapping: SharedMap[K, Any]

    def __iter__(self) -> Iterator[K]:
        return Iteration(self._mapping, self._mapping.data, iter, key_alone)

    def __reversed__(self) -> Iterator[K]:
        return Iteration(self._mapping, self._mapping.data, reversed, key_alone)

    @property
    def mapping(self) -> Mapping[K, Any]:
        """The map it views, read-only."""
        return MappingProxyType(self._mapping)

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"MapKeys({list(self._mapping.data)!r})"


class MapValues(ValuesView[V]):
    """What `SharedMap.values()` returns."""

    __slots__ = ()
    _mapping: SharedMap[Any, V]

    def __iter__(self) -> Iterator[V]:
        return Iteration(self._mapping, self._mapping.data.values(), iter, value_alone)

    def __contains__(self, value: object) -> bool:
        self._mapping.read_whole()
        return value in self._mapping.data.values()

    def __reversed__(self) -> Iterator[V]:
        return Iteration(self._mapping, self._mapping.data.values(), reversed, value_alone)

    @property
    def mapping(self) -> Mapping[Any, V]:
        """The map it views, read-only."""
        return MappingProxyType(self._mapping)

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"MapValues({list(self._mapping.data.values())!r})"


class MapItems(ItemsView[K, V]):
    """What `SharedMap.items()` returns."""

    __slots__ = ()
    _mapping: SharedMap[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return Iteration(self._mapping, self._mapping.data.items(), iter, both)

    def __contains__(self, item: object) -> bool:
        self._mapping.read_whole()
        items: Any = self._mapping.data.items()
        return item in items

    def __reversed__(self) -> Iterator[tuple[K, V]]:
        return Iteration(self._mapping, self._mapping.data.items(), reversed, both)

    @property
    def mapping(self) -> Mapping[K, V]:
        """The map it views, read-only."""
        return MappingProxyType(self._mapping)

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"MapItems({list(self._mapping.data.items())!r})"


def key_alone(key: K, _value: object) -> K:
    """What an iteration over keys gives."""
    return key


def value_alone(_key: object, value: V) -> V:
    """What an iteration over values gives."""
    return value


def both(key: K, value: V) -> tuple[K, V]:
    """What an iteration over items gives."""
    return key, value
