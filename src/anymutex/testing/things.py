"""The locks, events, queues and streams of a run: what they are called, and which task holds which lock.

Rule 1. A thing is called by the way that leads to it from a variable of the program: `pool.free`,
        `accounts['ann'].mu`. The first way that is found counts, for two tasks may use different words. A
        second thing with the same way to it is `self.mu #2`.
Rule 2. Who holds a lock of anyio or trio it says itself, by `statistics()`. A lock of asyncio has no owner;
        but one that was free before a step and is locked after it was taken by the task of that step. One
        that was found locked has an unknown holder until it is free, unless only one task has moved so far.
Rule 3. Nothing is kept alive, nothing of the program is called, and values are looked at, never asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from anymutex import stacks
from anymutex.report import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from anymutex.testing.choices import TaskId

LIBRARIES = {"anyio", "anymutex", "asyncio", "trio"}
DEEPEST = 4  # attributes or items on the way to a thing
MOST = 400  # values looked at in one search
WIDEST = 32  # items of one container
_DULL = (ModuleType, type, FunctionType, MethodType, BuiltinFunctionType, str, bytes, int, float, type(None))


UNKNOWN = (-1,)
"""The holder of a lock that somebody holds."""


class Change(NamedTuple):
    """A task took a lock of anyio, asyncio or trio, or gave it back."""

    is_taken: bool
    name: str


class _Lock(NamedTuple):
    thing: ref[Any]
    name: str


class Things:
    """What has been found so far."""

    def __init__(self) -> None:
        self.place_of = cache(stacks.place_of)
        self.maps: dict[int, ref[Any]] = {}
        """The SharedMaps, by their `id()`."""
        self._names: dict[int, tuple[ref[Any], str]] = {}
        self._uses: Counter[str] = Counter()
        self._locks: dict[int, _Lock] = {}
        self._holders: dict[int, TaskId | None] = {}
        self._movers: set[TaskId] = set()

    def find(self, frames: Iterable[FrameType]) -> None:
        """Look for things in the variables of `frames`, those of the user's own code."""
        queue: deque[tuple[str, object, int]] = deque()
        for frame in frames:
            queue.extend((name, value, 0) for name, value in _variables(frame))
        seen: set[int] = set()
        while queue and len(seen) < MOST:
            way, value, depth = queue.popleft()
            if id(value) in seen or isinstance(value, _DULL):
                continue
            seen.add(id(value))
            if is_map(value):
                self.maps[id(value)] = ref(value)
                queue.extend((f"{way}{step}", item, depth + 1) for step, item in _items(value.data))  # type: ignore[attr-defined]
            elif library_of(value):
                self._note(value, way)
            elif depth < DEEPEST:
                queue.extend((f"{way}{step}", item, depth + 1) for step, item in _parts(value))

    def name_of(self, thing: object, otherwise: str) -> str:
        """What `thing` is called; by the words `otherwise` if no way to it was found."""
        if is_ours(thing):
            return str(thing.label)  # type: ignore[attr-defined]
        known = self._names.get(id(thing))
        return known[1] if known and known[0]() is thing else otherwise

    def holder_of(self, thing: object) -> TaskId | None:
        """Who holds a lock of asyncio, if that is known."""
        known = self._locks.get(id(thing))
        holder = self._holders.get(id(thing)) if known and known.thing() is thing else None
        return None if holder == UNKNOWN else holder

    def holders(self) -> set[TaskId]:
        """Those that hold one of the locks."""
        return {holder for holder in self._holders.values() if holder}

    def held_by(self, task: TaskId) -> list[str]:
        """The names of the locks that `task` holds."""
        return [lock.name for key, lock in self._locks.items() if self._holders.get(key) == task]

    def changes(self, stepping: TaskId, by_identity: dict[int, TaskId]) -> list[Change]:
        """What `stepping`, which has just taken a step, took and gave back.

        Args:
            stepping: Its id.
            by_identity: The ids of the tasks that live, by their `id()`.
        """
        found = []
        self._movers.add(stepping)
        for key, lock in tuple(self._locks.items()):
            thing = lock.thing()
            if thing is None:
                del self._locks[key]
                continue
            before = self._holders.get(key)
            after = self._holder_now(thing, key, stepping, by_identity)
            self._holders[key] = after
            if before == stepping != after:
                found.append(Change(False, lock.name))
            if after == stepping != before:
                found.append(Change(True, lock.name))
        return found

    def _holder_now(
        self, lock: Any, key: int, stepping: TaskId, by_identity: dict[int, TaskId]
    ) -> TaskId | None:
        if not isinstance(lock, asyncio.Lock):
            return by_identity.get(identity_of_owner(lock) or 0)
        if not lock.locked():
            return None
        if key not in self._holders:
            return stepping if self._movers == {stepping} else UNKNOWN
        return self._holders[key] or stepping

    def _note(self, thing: object, way: str) -> None:
        known = self._names.get(id(thing))
        if known and known[0]() is thing:
            return
        try:
            weak = ref(thing)
        except TypeError:  # then it can't be told from another one at the same address
            return
        self._uses[way] += 1
        name = way if self._uses[way] == 1 else f"{way} #{self._uses[way]}"
        self._names[id(thing)] = weak, name
        if is_lock(thing) and not is_ours(thing):
            self._locks[id(thing)] = _Lock(weak, name)
            self._holders.pop(id(thing), None)


def library_of(thing: object) -> str | None:
    """The library that `thing`, or a class that its class is made from, is of, if any."""
    roots = (cls.__module__.partition(".")[0] for cls in type(thing).__mro__)
    return next((root for root in roots if root in LIBRARIES), None)


def is_ours(thing: Any) -> bool:
    """Whether `thing` is a lock of anymutex, which says itself what it is called and who holds it."""
    return library_of(thing) == "anymutex" and hasattr(thing, "blockers")


def is_map(value: object) -> bool:
    """Whether `value` is a SharedMap."""
    return any(cls.__module__ == "anymutex.primitives.sharedmap" for cls in type(value).__mro__)


def kind_of(thing: Any) -> str:
    """The class of `thing` as its users know it: `anyio.Lock`, `asyncio.Queue`, `Mutex`."""
    if is_ours(thing):
        return str(thing.kind)
    name = type(thing).__name__.removesuffix("Adapter")
    library = library_of(thing)
    return f"{library}.{name}" if library and type(thing).__module__.partition(".")[0] == library else name


def is_lock(thing: object) -> bool:
    """Whether one task at a time can hold `thing`, which is not of anymutex."""
    return isinstance(thing, asyncio.Lock) or (hasattr(thing, "locked") and _statistics_has_owner(thing))


def identity_of_owner(lock: Any) -> int | None:
    """The `id()` of the task that holds `lock`, as it says itself; None if nobody does or it can't tell."""
    try:
        owner = lock.statistics().owner
    except Exception:  # whatever it is, it is no lock that knows its owner
        return None
    if owner is None:
        return None
    identity: int = getattr(owner, "id", id(owner))  # a TaskInfo of anyio has the identity of its task
    return identity


def _statistics_has_owner(thing: Any) -> bool:
    try:
        return hasattr(thing.statistics(), "owner")
    except Exception:
        return False


def _variables(frame: FrameType) -> Iterator[tuple[str, object]]:
    """The local ones, and those of the module that the code names."""
    yield from tuple(frame.f_locals.items())
    for name in frame.f_code.co_names:
        if name in frame.f_globals:
            yield name, frame.f_globals[name]


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """What is in `value`, each with the step that leads to it."""
    if type(value).__module__ == "builtins" or isinstance(value, (dict, list, tuple, deque)):
        yield from _items(value)
    else:
        yield from _attributes(value)


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        pairs: list[tuple[object, object]] = list(dict.items(value))[:WIDEST]
        yield from ((f"[{shown(key)}]", item) for key, item in pairs)
    elif isinstance(value, (list, tuple, deque)):
        yield from ((f"[{index}]", item) for index, item in enumerate(list(value)[:WIDEST]))


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    with suppress(Exception):
        yield from ((f".{name}", item) for name, item in tuple(vars(value).items())[:WIDEST])
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            with suppress(Exception):
                yield f".{name}", object.__getattribute__(value, name)
