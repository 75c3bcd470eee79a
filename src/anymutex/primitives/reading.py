"""Reading: what `guarded.read()` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from anymutex import tasks
from anymutex.primitives.done import DONE
from anymutex.primitives.valuehandle import ReadHandle
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from anymutex.tasks import Task

T = TypeVar("T")


class Reading(Generic[T]):
    """Reads a guarded value together with others, by `async with`; may be entered again, by several tasks.

    Args:
        cell: The list that holds the value, and nothing else.
        lock: The reader of its RWMutex.
        label: What reports call the guarded value.
    """

    __slots__ = ("_cell", "_handles", "_label", "_lock")

    def __init__(self, cell: list[T], lock: Any, label: str) -> None:
        self._cell = cell
        self._lock = lock
        self._label = label
        self._handles: WeakKeyDictionary[Task, list[ReadHandle[T]]] = WeakKeyDictionary()

    @ki_protected
    async def __aenter__(self) -> ReadHandle[T]:
        await self._lock.acquire()
        handle = ReadHandle(self._cell, self._lock, self._label)
        self._handles.setdefault(tasks.current(), []).append(handle)
        return handle

    @ki_protected
    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        task = tasks.current()
        if task is not None and (handles := self._handles.get(task)):
            handles.pop().die()
        self._lock.release()
        return DONE
