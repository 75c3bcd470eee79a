"""KeyedGroup: several keys of a KeyedMutex, taken together.

Rule 1. The order is that of serial numbers, which an entry gets when it is first part of a group and keeps
        as long as it lives. All groups that are under way pin their entries, so they see the same numbers:
        no ring can arise among them. Neither an order of the keys is needed, nor would their hashes do.
Rule 2. It keeps nothing: what was taken is what the task holds. So one may be entered again and again.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Generic, TypeVar

from anymutex.primitives.done import DONE
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Coroutine, Hashable
    from typing import Any

    from anymutex.primitives.keyedlock import KeyedLock
    from anymutex.primitives.keyedmutex import KeyedMutex

K = TypeVar("K", bound="Hashable")


class KeyedGroup(Generic[K]):
    """What `keyed.all_of(...)` gives, for `async with`.

    Args:
        keyed: The KeyedMutex.
        keys: The keys to take.
    """

    __slots__ = ("_keyed", "_keys")

    def __init__(self, keyed: KeyedMutex[K], keys: tuple[K, ...]) -> None:
        self._keyed = keyed
        self._keys = tuple(dict.fromkeys(keys))

    @ki_protected
    async def __aenter__(self) -> None:
        locks = self._keyed.pin(self._keys)
        taken: list[KeyedLock[K]] = []
        try:
            for lock in locks:
                await lock.acquire()
                taken.append(lock)
        except BaseException:
            _release(taken)
            raise
        finally:
            for lock in locks:
                lock.unpin()

    @ki_protected
    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        _release([self._keyed[key] for key in self._keys])
        return DONE


@ki_protected
def _release(locks: list[KeyedLock[K]]) -> None:
    with ExitStack() as stack:  # all of them, also if one turns out to have been released already
        for lock in locks:
            stack.callback(lock.release)
