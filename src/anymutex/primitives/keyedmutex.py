"""KeyedMutex: one lock a key, which is there while somebody has or wants it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, TypeVar

from anymutex.primitives.keyedgroup import KeyedGroup
from anymutex.primitives.keyedlock import KeyedLock
from anymutex.primitives.runbound import RunBound
from anymutex.report import with_article
from anymutex.tasks import ki_protected

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


K = TypeVar("K", bound="Hashable")


class KeyedMutex(RunBound, Generic[K]):
    """A mutex for each key: tasks that want different keys do not wait for each other.

    `async with keyed[key]:` makes the entry on demand, and drops it when nobody has or wants it any more,
    also after an error or a cancellation: a server may lock by user for years. `len(keyed)` is the number
    of keys that are held or waited for now, and `key in keyed` tells whether one of them is `key`.

    Do not use it for a handful of fixed keys (give each a `Mutex`, whose name reports then show), nor
    between threads.

    Args:
        name: What reports call it; by default the variable it is first assigned to.
        fast_acquire: Never yield when a lock is free. A loop over free locks then starves other tasks.
        deadlock: "wait" lets waits for its locks close a ring and stand, see `Mutex`.

    Raises:
        ValueError: `deadlock` is another word.

    Example:
        >>> import anyio
        >>> from anymutex import KeyedMutex
        >>> async def main():
        ...     users: KeyedMutex[str] = KeyedMutex("users")
        ...     async with users["ann"]:
        ...         inside = len(users), users["ann"].held(), "bob" in users
        ...     return inside, len(users)
        >>> anyio.run(main)
        ((1, True, False), 0)
    """

    __slots__ = ("__weakref__", "entries", "serials")

    def __init__(
        self,
        name: str | None = None,
        *,
        fast_acquire: bool = False,
        deadlock: Literal["raise", "wait"] = "raise",
    ) -> None:
        super().__init__(name, fast_acquire=fast_acquire, deadlock=deadlock)
        # For this package's own files.
        self.entries: dict[K, KeyedLock[K]] = {}
        self.serials = count(1)

    def __getitem__(self, key: K) -> KeyedLock[K]:
        """The lock of `key`; every one of an equal key is the same in effect.

        Raises:
            TypeError: `key` has no hash.
        """
        entry = self.entries.get(key)
        return KeyedLock(self, key) if entry is None else entry

    def all_of(self, *keys: K) -> KeyedGroup[K]:
        """Several keys at once, by `async with`, without a deadlock with others who do the same.

        They are taken one after the other, in an order that is the same for all who want some of them at the
        same time; one that is given twice is taken once. A cancellation or an error midway gives back
        those that were taken. Entering it is a checkpoint as each `acquire` is.

        Example:
            >>> import anyio
            >>> from anymutex import KeyedMutex
            >>> async def main():
            ...     accounts: KeyedMutex[str] = KeyedMutex()
            ...     async with accounts.all_of("ann", "bob"):
            ...         return accounts["ann"].held() and accounts["bob"].held()
            >>> anyio.run(main)
            True

        Raises:
            TypeError: a key has no hash.
        """
        return KeyedGroup(self, keys)

    def __len__(self) -> int:
        return 0 if self.is_stale() else len(self.entries)

    def __bool__(self) -> bool:
        """True: it is a lock, not a container of which to ask whether it is empty."""
        return True

    def __contains__(self, key: object) -> bool:
        return key in self.entries and not self.is_stale()

    __iter__ = None  # else `iter` would ask for keys 0, 1, 2 ... for ever

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{with_article(self.kind)} can't be copied or pickled: the copy would guard nothing")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.label!r} with {len(self)} keys held>"

    @ki_protected
    def pin(self, keys: Iterable[K]) -> list[KeyedLock[K]]:
        """The entries of `keys` in the order in which they are to be taken; they stay until unpinned."""
        self.enter_run()
        locks = [self[key] for key in keys]
        for lock in locks:
            lock.pin()
            lock.serial = lock.serial or next(self.serials)
        return sorted(locks, key=_serial_of)

    def _is_in_use(self) -> bool:
        return bool(self.entries)

    def _begin(self) -> None:
        for entry in self.entries.values():
            entry.be_fresh()
        self.entries.clear()


def _serial_of(lock: KeyedLock[K]) -> int:
    return lock.serial
