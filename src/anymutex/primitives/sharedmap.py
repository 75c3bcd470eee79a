"""SharedMap: a dict that tasks share, which notices when a write breaks into somebody's iteration.

Rule 1. By composition: dict's C code would go past the methods of a subclass. All of dict's methods and
        operators are here; `copy` and `|` give a SharedMap without lock, name or open iterations.
Rule 2. The hottest accesses are slots (`access.py`): dict's own C methods while nobody iterates, guards or
        listens. The others ask `_is_quiet` first. `open_iterations` holds them, weakly.
Rule 3. A write is a change that happened: it is noticed after it succeeded. Storing what is there already
        is a write; `setdefault` of a present key, `pop` of a missing one and the like are not.
Rule 4. A foreign write is one by another task than the one that advances the iteration, by a callback or by
        a thread. The first one marks the iteration (`Sighting`), which is told at its next step.
Rule 5. Writes are protected against trio's KeyboardInterrupt.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload
from weakref import ref

from anymutex import probe, tasks
from anymutex.errors import ConflictError
from anymutex.events import MapRead, MapWritten, ProblemFound
from anymutex.primitives import access
from anymutex.primitives.atomicoperations import AtomicOperations
from anymutex.primitives.guard import Guard
from anymutex.primitives.iteration import Iteration
from anymutex.primitives.mapviews import MapItems, MapKeys, MapValues, key_alone
from anymutex.primitives.mutex import Mutex
from anymutex.primitives.openiterations import OpenIterations
from anymutex.primitives.sighting import Party, current_backend
from anymutex.probe import announce, listeners
from anymutex.report import Unguarded, shown
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from anymutex.primitives.openiterations import Disturbed
    from anymutex.primitives.openupdate import OpenUpdate
    from anymutex.primitives.updatelocks import UpdateLocks
    from anymutex.report import ConcurrentWrites, Conflict

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
_MISSING: Any = object()


class SharedMap(AtomicOperations[K, V]):
    """A mapping for tasks to share, with all of dict's behaviour, that tells of conflicts.

    An iteration that spans an await while somebody else writes raises `ConflictError` at its next step, with
    both sides; dict says nothing, or `dictionary changed size during iteration` without a word about who.
    With `guarded_by`, an access without the lock raises at once, no unlucky schedule needed. Only the async
    methods are checkpoints.

    Limits: changing a value in place (`m[k].append(x)`) is invisible to it. Do not use it for data of one
    task, or where no iteration spans an await: a dict is enough there.

    Args:
        mapping: What it holds at first: a mapping, or pairs.
        name: What reports call it; by default the variable it is first assigned to.
        guarded_by: The lock that every access needs: a `Mutex`, or a plain `anyio.Lock` (which costs about
            30 times as much to ask).
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
        *access.NAMES,
        "__weakref__",
        "_guard",
        "_on_conflict",
        "_writes_straight",
        "data",
        "locks",
        "open_iterations",
        "open_updates",
    )
    __hash__ = None  # type: ignore[assignment]  # as dict

    if TYPE_CHECKING:
        # At run time these five are slots, filled by `_arm`.
        def __contains__(self, key: object, /) -> bool: ...
        def __getitem__(self, key: K, /) -> V: ...
        def __len__(self) -> int: ...
        def __setitem__(self, key: K, value: V, /) -> None: ...
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
        on_conflict: Callable[[Conflict | ConcurrentWrites], object] | None = None,
    ) -> None:
        super().__init__(name)
        self._guard = None if guarded_by is None else Guard(guarded_by)
        self._on_conflict = on_conflict
        # These are for this package's own files; `data` is the dict itself, past every check.
        self.data: dict[K, V] = dict(mapping)
        self.open_iterations = OpenIterations()
        self.open_updates: dict[K, OpenUpdate] = {}
        self.locks: UpdateLocks | None = None  # until an async method needs them
        self._arm()
        _remember(self)

    @classmethod
    def fromkeys(cls, keys: Iterable[K], value: Any = None, /) -> SharedMap[K, Any]:
        """A new map with each of `keys` set to `value`."""
        content: dict[Any, Any] = dict.fromkeys(keys, value)
        return cls(content)

    # Writes.

    @ki_protected
    def __delitem__(self, key: K) -> None:
        self._remove(key, self.data.__delitem__)

    @overload
    def pop(self, key: K, /) -> V: ...
    @overload
    def pop(self, key: K, default: V, /) -> V: ...
    @overload
    def pop(self, key: K, default: T, /) -> V | T: ...
    @ki_protected
    def pop(self, key: K, default: Any = _MISSING, /) -> Any:
        """As `dict.pop`. Not a write when the key is missing."""
        if self._is_quiet():
            return self.data.pop(key) if default is _MISSING else self.data.pop(key, default)
        if default is not _MISSING and not (self.data and key in self.data):  # an empty dict hashes no key
            self.require_write()
            return default
        return self._remove(key, self.data.pop)

    @ki_protected
    def popitem(self) -> tuple[K, V]:
        """As `dict.popitem`: the item that was added last."""
        if self._is_quiet():
            return self.data.popitem()
        disturbed = self._before_write()
        key, value = self.data.popitem()
        self._after_write(disturbed, key, "removed")
        return key, value

    @ki_protected
    def clear(self) -> None:
        """As `dict.clear`. Not a write when it is empty."""
        if self._is_quiet():
            return self.data.clear()
        disturbed, size = self._before_write(), len(self.data)
        self.data.clear()
        if size:
            self._after_write(disturbed, self, "cleared")

    @overload
    def setdefault(self: SharedMap[K, T | None], key: K, default: None = None, /) -> T | None: ...
    @overload
    def setdefault(self, key: K, default: V, /) -> V: ...
    @ki_protected
    def setdefault(self, key: Any, default: Any = None, /) -> Any:
        """As `dict.setdefault`. Not a write when the key is present."""
        if self._is_quiet():
            return self.data.setdefault(key, default)
        if key not in self.data:
            self.store(key, default)
        self.require_write()
        return self.data[key]

    @ki_protected
    def update(self, /, *args: Any, **kwargs: Any) -> None:
        """As `dict.update`: one write for each key, none for an empty argument."""
        if self._is_quiet():
            return self.data.update(*args, **kwargs)
        self.require_write()
        given: dict[Any, Any] = {}
        try:
            given.update(*args, **kwargs)
        finally:  # as dict, what came before a bad pair is stored
            for key, value in given.items():
                self.store(key, value)

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    # Reads.

    def __iter__(self) -> Iterator[K]:
        return Iteration(self, self.data, iter, key_alone)

    def __reversed__(self) -> Iterator[K]:
        return Iteration(self, self.data, reversed, key_alone)

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
        self.read_whole()
        return dict(self.data)

    def copy(self) -> SharedMap[K, V]:
        """A shallow copy: a SharedMap without this one's name, lock and open iterations."""
        self.read_whole()
        return SharedMap(self.data)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedMap[K, V]:
        self.read_whole()
        return SharedMap(copy.deepcopy(self.data, memo))

    def __or__(self, other: Any) -> SharedMap[K, V]:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.read_whole()
        return SharedMap(self.data | dict(other))

    def __ror__(self, other: Any) -> SharedMap[K, V]:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.read_whole()
        return SharedMap(dict(other) | self.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        self.read_whole()
        return self.data == (other.snapshot() if isinstance(other, SharedMap) else other)

    @recursive_repr("SharedMap({...})")
    def __repr__(self) -> str:
        return f"SharedMap({self.data!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a SharedMap can't be pickled: it belongs to one process; pickle its snapshot()")

    # What its parts ask of it.

    def is_watched(self) -> bool:
        """Whether every single access matters to somebody."""
        return self._guard is not None or bool(listeners)

    def look_twice_at_read(self, key: object) -> None:
        """Ask and tell before a read of `key`."""
        self.require_read()
        if listeners:
            announce(MapRead(self, key))

    def read_whole(self) -> None:
        """Ask and tell before a read of everything."""
        self.look_twice_at_read(self)

    def require_read(self) -> None:
        """Raise `ConflictError` if the map's lock is not held for reading."""
        if self._guard is not None and not self._guard.allows_read():
            self._refuse(self._guard, "read it")

    def require_write(self) -> None:
        """Raise `ConflictError` if the map's lock is not held for writing."""
        if self._guard is not None and not self._guard.allows_write():
            self._refuse(self._guard, "wrote to it")

    @ki_protected
    def store(self, key: Any, value: Any) -> None:
        """`m[key] = value` with open eyes."""
        disturbed, size = self._before_write(), len(self.data)
        self.data[key] = value
        self._after_write(disturbed, key, "value replaced" if len(self.data) == size else "new key")
        if self._is_quiet():
            self._writes_straight = True
            _SLOTS.setitem(self, access.straight_writes(self.data))

    def note_open(self, iteration: Iteration[Any]) -> None:
        """From now on a foreign write is to mark `iteration`."""
        self.open_iterations.add(iteration)
        if self._writes_straight:
            self._arm_writes()

    def note_open_update(self) -> None:
        """From now on a foreign write to the key of an open update is to be noted."""
        if self._writes_straight:
            self._arm_writes()

    def tell(self, report: Conflict | ConcurrentWrites) -> None:
        """Tell of a conflict, in the task whose iteration or update it broke.

        Raises:
            ConflictError: unless the map has an `on_conflict`.
        """
        if listeners:
            announce(ProblemFound(report))
        if self._on_conflict is None:
            raise ConflictError(report)
        self._on_conflict(report)

    def _is_quiet(self) -> bool:
        return not (self.open_iterations.refs or self.open_updates or self.is_watched())

    def _arm(self) -> None:
        """Fill the slots for who is there now, and have open iterations look twice."""
        for fill, function in zip(_SLOTS, self._way(), strict=True):
            fill(self, function)
        self._writes_straight = not self.is_watched()
        if self.open_iterations.refs or self.open_updates:
            self._arm_writes()
        for iteration in self.open_iterations:
            iteration.be_slow()

    def _way(self) -> access.Access:
        me: ref[SharedMap[Any, Any]] = ref(self)
        guard = self._guard
        windows = self.open_iterations.refs, self.open_updates
        if guard is not None and isinstance(guard.lock, Mutex) and not listeners:
            return access.asking_mutex(me, self.data, guard, guard.lock, windows)
        return access.asking(me, self.data, guard) if self.is_watched() else access.straight(self.data)

    def _arm_writes(self) -> None:
        """An iteration is open: writes are to be noted, until one finds that none is."""
        if self._writes_straight:
            self._writes_straight = False
            _SLOTS.setitem(self, access.noting_writes(ref(self)))

    def _remove(self, key: Any, remove: Callable[[Any], T]) -> T:
        if self._is_quiet():
            return remove(key)
        disturbed = self._before_write()
        removed = remove(key)
        self._after_write(disturbed, key, "removed")
        return removed

    def _before_write(self) -> list[Disturbed]:
        """The iterations that the caller's write will break into, and how far each has come."""
        self.require_write()
        return self.open_iterations.disturbed(keep_rest=self._on_conflict is not None)

    def _after_write(self, disturbed: list[Disturbed], key: object, what: str) -> None:
        if disturbed:
            where = "" if key is self else f"[{shown(key)}]"
            self.open_iterations.mark(disturbed, f"{where} meanwhile: {what}", len(self.data))
        for update in tuple(self.open_updates.values()):
            if key is self or key is update.key or key == update.key:  # as a dict compares
                update.note(what)
        if listeners:
            announce(MapWritten(self, key))

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


def _slot(name: str) -> Any:
    """What fills the slot even in an instance of a subclass that overrides the method."""
    return vars(SharedMap)[name].__set__


_SLOTS: Any = access.Access(*map(_slot, access.NAMES))
_maps: dict[int, ref[SharedMap[Any, Any]]] = {}  # by id: a map has no hash


def _remember(shared_map: SharedMap[Any, Any]) -> None:
    key = id(shared_map)
    _maps[key] = ref(shared_map, lambda _: _maps.pop(key, None))


def _arm_all() -> None:
    for map_ref in tuple(_maps.values()):  # no Python code runs in `tuple`: another thread may make a map
        if (shared_map := map_ref()) is not None:
            shared_map._arm()


probe.on_change(_arm_all)
