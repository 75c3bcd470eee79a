"""SharedMap: a dict that tasks share, which notices when a write breaks into somebody's iteration.

Rule 1. By composition: dict's C code would go past the methods of a subclass. All of dict's methods and
        operators are here; `copy` and `|` give a SharedMap without lock, name or open iterations.
Rule 2. While nobody iterates, guards or listens, reads are dict's own C methods, bound to the instance by
        `_arm`, and a write costs one test of `_alert`: the reasons to look twice at a write, which are the
        open iterations (weakly) and, when reads are watched too, the constant `_WATCHED`.
Rule 3. A write is a change that happened: it is noticed after it succeeded. Storing what is there already
        is a write; `setdefault` of a present key, `pop` of a missing one and the like are not.
Rule 4. A foreign write is one by another task than the one that advances the iteration, by a callback or by
        a thread. The first one marks the iteration (`Sighting`), which is told at its next step.
Rule 5. Writes are protected against trio's KeyboardInterrupt.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, MutableMapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload
from weakref import WeakValueDictionary, ref

from anymutex import probe, tasks
from anymutex.errors import ConflictError
from anymutex.events import MapWritten, ProblemFound
from anymutex.primitives.guard import Guard
from anymutex.primitives.iteration import Iteration
from anymutex.primitives.mapviews import MapItems, MapKeys, MapValues, key_alone
from anymutex.primitives.named import Named
from anymutex.primitives.sighting import Party, Sighting, current_backend, sight
from anymutex.primitives.watchedreads import WatchedReads
from anymutex.probe import announce, listeners
from anymutex.report import Unguarded, shown
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from anymutex.report import Conflict

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
_MISSING: Any = object()
_WATCHED = "watched"


class SharedMap(Named, MutableMapping[K, V]):
    """A mapping for tasks to share, with all of dict's behaviour, that tells of conflicts.

    An iteration that spans an await while somebody else writes raises `ConflictError` at its next step, with
    both sides; dict says nothing, or `dictionary changed size during iteration` without a word about who.
    With `guarded_by`, an access without the lock raises at once, no unlucky schedule needed. No method is a
    checkpoint.

    Limits: changing a value in place (`m[k].append(x)`) is invisible to it. Do not use it for data of one
    task, or where no iteration spans an await: a dict is enough there.

    Args:
        mapping: What it holds at first: a mapping, or pairs.
        name: What reports call it; by default the variable it is first assigned to.
        guarded_by: The lock that every access needs: a `Mutex`, or a plain `anyio.Lock` (10 to 80 times dearer).
        on_conflict: Called with the report instead of raising `ConflictError`; the iteration then goes on.

    Raises:
        TypeError: `guarded_by` can't tell which task holds it.

    Example:
        >>> from anymutex import SharedMap
        >>> stock: SharedMap[str, int] = SharedMap({"apples": 3}, name="stock")
        >>> stock["pears"] = 5
        >>> dict(stock) == {"apples": 3, "pears": 5}
        True
    """

    __slots__ = (
        "__contains__",
        "__getitem__",
        "__len__",
        "__weakref__",
        "_alert",
        "_data",
        "_guard",
        "_on_conflict",
        "get",
    )
    __hash__ = None  # type: ignore[assignment]  # as dict

    if TYPE_CHECKING:
        # At run time these four are slots that hold dict's own bound methods, see `_arm`.
        def __contains__(self, key: object, /) -> bool: ...
        def __getitem__(self, key: K, /) -> V: ...
        def __len__(self) -> int: ...
        @overload
        def get(self, key: K, /) -> V | None: ...
        @overload
        def get(self, key: K, default: V, /) -> V: ...
        @overload
        def get(self, key: K, default: T, /) -> V | T: ...
        def get(self, key: K, default: Any = None, /) -> Any: ...

    def __init__(
        self,
        mapping: Mapping[K, V] | Iterable[tuple[K, V]] = (),
        /,
        *,
        name: str | None = None,
        guarded_by: object = None,
        on_conflict: Callable[[Conflict], object] | None = None,
    ) -> None:
        super().__init__(name)
        self._guard = None if guarded_by is None else Guard(guarded_by)
        self._on_conflict = on_conflict
        self._data: dict[K, V] = dict(mapping)
        self._alert: set[object] = set()
        self._arm()
        _maps[id(self)] = self  # not a WeakSet: a map has no hash

    @classmethod
    def fromkeys(cls, keys: Iterable[K], value: Any = None, /) -> SharedMap[K, Any]:
        """A new map with each of `keys` set to `value`."""
        return cls(dict.fromkeys(keys, value))

    # Writes.

    @ki_protected
    def __setitem__(self, key: K, value: V) -> None:
        if self._alert:
            self._store(key, value)
        else:
            self._data[key] = value

    @ki_protected
    def __delitem__(self, key: K) -> None:
        self._remove(key, self._data.__delitem__)

    @overload
    def pop(self, key: K, /) -> V: ...
    @overload
    def pop(self, key: K, default: V, /) -> V: ...
    @overload
    def pop(self, key: K, default: T, /) -> V | T: ...
    @ki_protected
    def pop(self, key: K, default: Any = _MISSING, /) -> Any:
        """As `dict.pop`. Not a write when the key is missing."""
        if default is not _MISSING and key not in self._data:
            self.require_write()
            return default
        return self._remove(key, self._data.pop)

    @ki_protected
    def popitem(self) -> tuple[K, V]:
        """As `dict.popitem`: the item that was added last."""
        if not self._alert:
            return self._data.popitem()
        disturbed = self._before_write()
        key, value = self._data.popitem()
        self._after_write(disturbed, key, "removed")
        return key, value

    @ki_protected
    def clear(self) -> None:
        """As `dict.clear`. Not a write when it is empty."""
        if not self._alert:
            return self._data.clear()
        disturbed, size = self._before_write(), len(self._data)
        self._data.clear()
        if size:
            self._after_write(disturbed, self, "cleared")

    @overload
    def setdefault(self: SharedMap[K, T | None], key: K, default: None = None, /) -> T | None: ...
    @overload
    def setdefault(self, key: K, default: V, /) -> V: ...
    @ki_protected
    def setdefault(self, key: Any, default: Any = None, /) -> Any:
        """As `dict.setdefault`. Not a write when the key is present."""
        if not self._alert:
            return self._data.setdefault(key, default)
        if key not in self._data:
            self._store(key, default)
        self.require_write()
        return self._data[key]

    @ki_protected
    def update(self, *args: Any, **kwargs: Any) -> None:
        """As `dict.update`: one write for each key, none for an empty argument."""
        if not self._alert:
            return self._data.update(*args, **kwargs)
        self.require_write()
        given: dict[Any, Any] = {}
        given.update(*args, **kwargs)
        for key, value in given.items():
            self._store(key, value)

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    # Reads.

    def __iter__(self) -> Iterator[K]:
        return Iteration(self, iter(self._data), self._data.__iter__, key_alone)

    def __reversed__(self) -> Iterator[K]:
        return Iteration(self, reversed(self._data), self._data.__reversed__, key_alone)

    def keys(self) -> MapKeys[K]:
        """A live view of the keys."""
        return MapKeys(self)

    def values(self) -> MapValues[V]:
        """A live view of the values."""
        return MapValues(self)

    def items(self) -> MapItems[K, V]:
        """A live view of the items."""
        return MapItems(self)

    def snapshot(self) -> dict[K, V]:
        """A plain dict of what is there now, to iterate over as slowly as you like."""
        self.require_read()
        return dict(self._data)

    def copy(self) -> SharedMap[K, V]:
        """A shallow copy: a SharedMap without this one's name, lock and open iterations."""
        self.require_read()
        return SharedMap(self._data)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedMap[K, V]:
        self.require_read()
        return SharedMap(copy.deepcopy(self._data, memo))

    def __or__(self, other: Any) -> SharedMap[K, V]:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.require_read()
        return SharedMap(self._data | dict(other))

    def __ror__(self, other: Any) -> SharedMap[K, V]:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.require_read()
        return SharedMap(dict(other) | self._data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.require_read()
        return self._data == (other.snapshot() if isinstance(other, SharedMap) else other)

    @recursive_repr("SharedMap({...})")
    def __repr__(self) -> str:
        return f"SharedMap({self._data!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a SharedMap can't be pickled: it belongs to the tasks of one process; pickle its snapshot()")

    # What its parts ask of it.

    @property
    def data(self) -> dict[K, V]:
        """The dict itself, past every check: for this package's own files."""
        return self._data

    def is_watched(self) -> bool:
        """Whether every single step of an iteration matters to somebody."""
        return self._guard is not None or bool(listeners)

    def require_read(self) -> None:
        """Raise `ConflictError` if the map's lock is not held for reading."""
        if self._guard is not None and not self._guard.allows_read():
            self._refuse(self._guard, "read it")

    def require_write(self) -> None:
        """Raise `ConflictError` if the map's lock is not held for writing."""
        if self._guard is not None and not self._guard.allows_write():
            self._refuse(self._guard, "wrote to it")

    def note_open(self, iteration: Iteration[Any]) -> None:
        """From now on a foreign write is to mark `iteration`."""
        self._alert.add(ref(iteration, self._alert.discard))

    def tell(self, sighting: Sighting) -> None:
        """Tell of a conflict, in the iterating task.

        Raises:
            ConflictError: unless the map has an `on_conflict`.
        """
        report = sighting.report(self)
        if listeners:
            announce(ProblemFound(report))
        if self._on_conflict is None:
            raise ConflictError(report)
        self._on_conflict(report)

    def _arm(self) -> None:
        """Bind the reads for who is watching now, and have writes and open iterations looked at twice."""
        if not self.is_watched():
            self._alert.discard(_WATCHED)
            data = self._data
            reads: Any = (data.__getitem__, data.get, data.__contains__, data.__len__)
        else:
            self._alert.add(_WATCHED)
            watched = WatchedReads(self, self._data, self._guard)
            reads = (watched.getitem, watched.get, watched.contains, watched.length)
        self.__getitem__, self.get, self.__contains__, self.__len__ = reads  # type: ignore[method-assign]
        for iteration in self._open_iterations():
            iteration.be_slow()

    def _open_iterations(self) -> list[Iteration[Any]]:
        known = [reason() for reason in tuple(self._alert) if isinstance(reason, ref)]
        return [iteration for iteration in known if iteration is not None]

    def _store(self, key: Any, value: Any) -> None:
        disturbed, size = self._before_write(), len(self._data)
        self._data[key] = value
        what = "value replaced" if len(self._data) == size else "new key"
        self._after_write(disturbed, key, what)

    def _remove(self, key: Any, remove: Callable[[Any], T]) -> T:
        if not self._alert:
            return remove(key)
        disturbed = self._before_write()
        removed = remove(key)
        self._after_write(disturbed, key, "removed")
        return removed

    def _before_write(self) -> list[tuple[Iteration[Any], int]]:
        """The iterations that the caller's write will break into, with how far each has come."""
        self.require_write()
        iterations = self._open_iterations()
        if not iterations:
            return []
        writer = tasks.actor()
        for iteration in iterations:
            if iteration.actor == writer:
                iteration.be_slow()  # it may be handed to another task before its next step
        foreign = [iteration for iteration in iterations if iteration.actor != writer]
        if self._on_conflict is not None:
            for iteration in foreign:
                iteration.remember_rest()
        return [(iteration, iteration.seen) for iteration in foreign]

    def _after_write(self, disturbed: list[tuple[Iteration[Any], int]], key: object, what: str) -> None:
        if disturbed:
            self._mark(disturbed, f" meanwhile: {what}" if key is self else f"[{shown(key)}] meanwhile: {what}")
        if listeners:
            announce(MapWritten(self, key))

    def _mark(self, disturbed: list[tuple[Iteration[Any], int]], wrote: str) -> None:
        writer = Party.of(tasks.actor())
        for iteration, seen in disturbed:
            iteration.mark(sight(iteration, writer, wrote, seen, len(self._data)))
            self._alert.discard(ref(iteration))

    def _refuse(self, guard: Guard, did: str) -> NoReturn:
        party = Party.of(tasks.actor())
        report = Unguarded(
            map=self.name or "map",
            made=self.made,
            lock=guard.label,
            access=party.side(did, party.sites),
            backend=current_backend(),
        )
        if listeners:
            announce(ProblemFound(report))
        raise ConflictError(report)


_maps: WeakValueDictionary[int, SharedMap[Any, Any]] = WeakValueDictionary()


def _arm_all() -> None:
    for shared_map in list(_maps.values()):
        shared_map._arm()


probe.on_change(_arm_all)
