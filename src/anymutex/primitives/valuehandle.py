"""ValueHandle and ReadHandle: what reaches a guarded value, as long as its lock is held."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from anymutex import tasks
from anymutex.primitives import guard

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

T = TypeVar("T")


class ReadHandle(Generic[T]):
    """Reads a guarded value. Not to be made by hand: `async with guarded.read() as view:` gives one.

    Args:
        cell: The list that holds the value, and nothing else.
        lock: The lock that must be held.
        label: What reports call the guarded value.
    """

    __slots__ = ("_cell", "_holds", "_label", "_lives")

    def __init__(self, cell: list[T], lock: Any, label: str) -> None:
        self._cell = cell
        self._label = label
        self._lives = True
        self._holds: Callable[[], bool] = getattr(lock, "held", None) or partial(_owns, lock)

    @property
    def value(self) -> T:
        """The value.

        Raises:
            RuntimeError: the block is over, or another task holds the lock.
        """
        self._require()
        return self._cell[0]

    def die(self) -> None:
        """The block is over."""
        self._lives = False

    def __repr__(self) -> str:
        return f"<handle of {self._label!r}{'' if self._lives else ', dead'}>"

    def _require(self) -> None:
        if self._lives and self._holds():
            return
        if not self._lives:
            raise RuntimeError(f"a handle of {self._label} was used after its block: enter `async with` anew")
        task = tasks.current()
        asker = tasks.described(task) if task is not None else "no task"
        raise RuntimeError(f"a handle of {self._label} was used by {asker}, which does not hold the lock")


def _owns(lock: anyio.Lock) -> bool:
    return tasks.current() is not None and guard.owns(lock)


class ValueHandle(ReadHandle[T]):
    """Reads and writes a guarded value. Not to be made by hand: `async with guarded as guard:` gives one."""

    __slots__ = ()

    @property
    def value(self) -> T:
        """The value; it can be assigned to.

        Raises:
            RuntimeError: the block is over, or another task holds the lock.
        """
        self._require()
        return self._cell[0]

    @value.setter
    def value(self, value: T) -> None:
        self._require()
        self._cell[0] = value
