"""Guarded: a value that can only be reached by who holds its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, runtime_checkable
from weakref import WeakKeyDictionary

import anyio

from anymutex import tasks
from anymutex.primitives.done import DONE
from anymutex.primitives.named import Named
from anymutex.primitives.ownmutex import OwnMutex
from anymutex.primitives.reading import Reading
from anymutex.primitives.rwmutex import RWMutex
from anymutex.primitives.valuehandle import ValueHandle
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from anymutex.tasks import Task

T = TypeVar("T")
ACCEPTED = "anymutex.Mutex, anymutex.RWMutex, keyed[key], anyio.Lock"


@runtime_checkable
class TakenLock(Protocol):
    """A lock that tasks take and give back, and that knows who holds it."""

    async def acquire(self) -> None: ...
    def release(self) -> None: ...
    def held(self) -> bool: ...


class Guarded(Named, Generic[T]):
    """A value together with the lock that it needs: Rust's `Mutex<T>`, Go's "mu protects value" as code.

    `async with guarded as guard:` takes the lock and gives a handle: `guard.value` reads, and assigning to it
    writes. The handle is dead after the block, and for all tasks but the one that entered it.

    A reference that was taken out of `guard.value` can't be revoked: do not keep it beyond the block. Do not
    use it for values that are only replaced, never changed across an await: a plain attribute is enough.

    Args:
        value: The value.
        lock: What guards it: a Mutex, an RWMutex (then `read` lets several tasks read at a time), a key of a
            KeyedMutex, or a plain `anyio.Lock`; by default a Mutex of its own.
        name: What reports call it; by default the variable it is first assigned to.

    Raises:
        TypeError: `lock` is nothing that tells who holds it.

    Example:
        >>> import anyio
        >>> from anymutex import Guarded
        >>> async def main():
        ...     hits = Guarded(0, name="hits")
        ...     async with hits as guard:
        ...         guard.value += 1
        ...     async with hits as guard:
        ...         return guard.value
        >>> anyio.run(main)
        1
    """

    __slots__ = ("__weakref__", "_cell", "_handles", "_lock")

    def __init__(self, value: T, *, lock: object = None, name: str | None = None) -> None:
        super().__init__(name)
        if lock is None:
            lock = OwnMutex(self.kind, name)
        elif getattr(lock, "is_shared", False):
            raise TypeError(f"Guarded: {lock!r} is shared, and would guard nothing; accepted: {ACCEPTED}")
        elif isinstance(lock, type) or not isinstance(lock, RWMutex | TakenLock | anyio.Lock):
            kind = lock.__name__ if isinstance(lock, type) else type(lock).__name__
            raise TypeError(f"Guarded: a {kind} can't tell which task holds it; accepted: {ACCEPTED}")
        self._lock: Any = lock
        self._cell = [value]
        # Of those who are inside: one, unless somebody cheats.
        self._handles: WeakKeyDictionary[Task, ValueHandle[T]] = WeakKeyDictionary()

    @property
    def lock(self) -> Any:
        """The lock that guards the value."""
        return self._lock

    @property
    def value(self) -> NoReturn:
        """Only a handle has it.

        Raises:
            AttributeError: always; it says how to get a handle.
        """
        raise AttributeError(f"{self._usage}: async with {self._usage} as guard: guard.value")

    @value.setter
    def value(self, _value: object) -> NoReturn:
        raise AttributeError(
            f"{self._usage} is guarded: async with {self._usage} as guard: guard.value = ..."
        )

    @ki_protected
    async def __aenter__(self) -> ValueHandle[T]:
        await self._exclusive.acquire()
        handle = self._handles[tasks.current()] = ValueHandle(self._cell, self._exclusive, self.label)
        return handle

    @ki_protected
    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        task = tasks.current()
        handle = None if task is None else self._handles.pop(task, None)
        if handle is not None:
            handle.die()
        self._exclusive.release()
        return DONE

    def read(self) -> Reading[T]:
        """Read together with others: `async with guarded.read() as view: view.value`.

        Entering it is a checkpoint as `acquire` is.

        Raises:
            TypeError: the lock is no RWMutex, so that reading is not shared; use `async with guarded`.

        Example:
            >>> import anyio
            >>> from anymutex import Guarded, RWMutex
            >>> async def main():
            ...     config = Guarded({"debug": False}, lock=RWMutex())
            ...     async with config.read() as view:
            ...         return view.value["debug"]
            >>> anyio.run(main)
            False
        """
        if not isinstance(self._lock, RWMutex):
            kind = type(self._lock).__name__
            raise TypeError(f"{self.label}.read() needs lock=RWMutex(); a {kind} is not shared by readers")
        return Reading(self._cell, self._lock.reader, self.label)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Guarded can't be copied or pickled: the copy would have no lock in common with it")

    def __repr__(self) -> str:
        return f"<Guarded {self.label!r} by {self._lock!r}>"

    @property
    def _exclusive(self) -> Any:
        return self._lock.writer if isinstance(self._lock, RWMutex) else self._lock

    @property
    def _usage(self) -> str:
        return self.name or "guarded"
