"""Guard: asks a lock whether the running task holds it, for what the lock guards.

Rule 1. A lock can guard only if it can tell who owns it: that is checked when the guard is made.
Rule 2. Where no task runs (before the run, in a worker thread, in a callback) everything is allowed:
        nobody could hold the lock there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import anyio

from anymutex import tasks

if TYPE_CHECKING:
    from collections.abc import Callable

ACCEPTED = "anymutex.Mutex, anymutex.RWMutex, anyio.Lock"


@runtime_checkable
class HeldLock(Protocol):
    """A lock that answers `held()`: whether the running task holds it."""

    def held(self) -> bool: ...


@runtime_checkable
class ReadWriteLock(Protocol):
    """A lock with two sides; either allows reads, the writer allows writes."""

    @property
    def reader(self) -> HeldLock: ...

    @property
    def writer(self) -> HeldLock: ...


class Guard:
    """The lock of one guarded object, with the two questions that accesses ask.

    Args:
        lock: One of `ACCEPTED`, or any object with a `held()` of the same meaning.

    Raises:
        TypeError: the lock can't tell who owns it.
    """

    __slots__ = ("holds_for_read", "holds_for_write", "lock")

    def __init__(self, lock: object) -> None:
        self.lock = lock
        self.holds_for_read, self.holds_for_write = _questions(lock)

    @property
    def label(self) -> str:
        """What reports call the lock."""
        return str(getattr(self.lock, "label", None) or "its lock")

    def allows_read(self) -> bool:
        """Whether the caller may read now."""
        return self.holds_for_read() or tasks.current() is None

    def allows_write(self) -> bool:
        """Whether the caller may write now."""
        return self.holds_for_write() or tasks.current() is None


def _questions(lock: object) -> tuple[Callable[[], bool], Callable[[], bool]]:
    if isinstance(lock, type):
        raise TypeError(f"guarded_by={lock.__name__}: give a lock, not its class; accepted: {ACCEPTED}")
    if isinstance(lock, HeldLock):
        return lock.held, lock.held
    if isinstance(lock, ReadWriteLock):
        reads, writes = lock.reader.held, lock.writer.held
        return (lambda: reads() or writes()), writes
    if isinstance(lock, anyio.Lock):
        return (lambda: owns(lock)), (lambda: owns(lock))
    kind = type(lock).__name__
    raise TypeError(f"guarded_by: a {kind} can't tell which task holds it; accepted: {ACCEPTED}")


def owns(lock: anyio.Lock) -> bool:
    """Ask by public API alone, which costs 10 to 80 times a Mutex' answer."""
    if tasks.current() is None:
        return True
    owner: Any = lock.statistics().owner
    return owner is not None and owner == anyio.get_current_task()
