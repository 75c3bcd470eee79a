"""AtomicOperations: what a SharedMap does to one key across an await, without anybody getting between.

Rule 1. Each of them has the key to itself against the others, by a lock a key (`updatelocks.py`): in FIFO
        order, cancellable at each await, and known to the search for deadlocks.
Rule 2. Plain writes can't wait. One that falls into a creation wins over it; one that falls into an update is
        a conflict (`openupdate.py`).
Rule 3. What the user's function raises leaves the map as it was.
"""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from anymutex.primitives.flight import Flight, Landed
from anymutex.primitives.named import Named
from anymutex.primitives.openupdate import OpenUpdate
from anymutex.primitives.updatelocks import UpdateLocks
from anymutex.tasks import ki_let_in, ki_protected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anymutex.report import ConcurrentWrites

K = TypeVar("K")
V = TypeVar("V")
_MISSING: Any = object()


class AtomicOperations(Named, MutableMapping[K, V]):
    """The async methods of a SharedMap."""

    __slots__ = ()

    if TYPE_CHECKING:
        locks: UpdateLocks | None
        open_updates: dict[K, OpenUpdate]

        def note_open_update(self) -> None: ...
        def tell(self, report: ConcurrentWrites) -> None: ...

    async def get_or_create(self, key: K, factory: Callable[[], Awaitable[V]]) -> V:
        """The value of `key`, made by `factory` if it is missing: once, however many ask at a time.

        The first who asks creates, in its own task, and the others wait for it. If it is cancelled, the next
        one creates, with its own factory. If the factory raises, all who wait get that error, and who comes
        later begins anew. A value that somebody stores meanwhile wins. When the key is present this is no
        checkpoint; else it is one at least where `factory` is.

        Do not use it for what must be made anew for each caller, nor to refresh what is there: `update_key`.

        Args:
            key: The key.
            factory: An async function without arguments. It must not ask for the same key.

        Raises:
            DeadlockError: the factory, or a ring of tasks that create and wait, wants this very key.
            TypeError: `factory` is not async.

        Example:
            >>> import anyio
            >>> from anymutex import SharedMap
            >>> async def main():
            ...     pages: SharedMap[str, str] = SharedMap()
            ...     async def fetch():
            ...         print("fetching")
            ...         await anyio.sleep(0.01)
            ...         return "<html>"
            ...     async with anyio.create_task_group() as tasks:
            ...         for _ in range(3):
            ...             tasks.start_soon(pages.get_or_create, "/", fetch)
            ...     return await pages.get_or_create("/", fetch)
            >>> anyio.run(main)
            fetching
            '<html>'
        """
        value = self.get(key, _MISSING)
        return await self._create(key, factory) if value is _MISSING else value

    @overload
    async def update_key(self, key: K, function: Callable[[V], Awaitable[V]]) -> V: ...
    @overload
    async def update_key(self, key: K, function: Callable[[V], Awaitable[V]], default: V) -> V: ...
    async def update_key(self, key: K, function: Callable[[V], Awaitable[V]], default: V = _MISSING) -> V:
        """Replace the value of `key` by what `await function(value)` gives, and return that.

        Updates of one key come one after the other, each with the value of the one before: none is lost.
        An error or a cancellation leaves the old value. A checkpoint as `Mutex.acquire` is, and where
        `function` is.

        Do not use it where nothing is awaited between reading and writing: `m[key] += 1` is atomic already.

        Args:
            key: The key.
            function: An async function of the present value. It must not update the same key.
            default: What `function` gets if the key is missing.

        Raises:
            KeyError: the key is missing, and there is no `default`.
            ConflictError: somebody wrote the key meanwhile by other means; nothing was stored.
            DeadlockError: `function`, or a ring of tasks, wants this very key.
            TypeError: `function` is not async.

        Example:
            >>> import anyio
            >>> from anymutex import SharedMap
            >>> async def main():
            ...     stock: SharedMap[str, int] = SharedMap({"tea": 3})
            ...     async def order(amount: int) -> int:
            ...         await anyio.sleep(0.01)
            ...         return amount + 10
            ...     async with anyio.create_task_group() as tasks:
            ...         for _ in range(3):
            ...             tasks.start_soon(stock.update_key, "tea", order)
            ...     return stock["tea"]
            >>> anyio.run(main)
            33
        """
        async with self._locks()[key]:
            old = self.get(key, default)
            if old is _MISSING:
                raise KeyError(key)
            new = await self._updated(key, old, function)
            self[key] = new
            return new

    async def compare_and_swap(self, key: K, expected: V, new: V) -> bool:
        """Store `new` if the value of `key` equals `expected`; say whether it did.

        Waits for a creation or an update of the key that is under way. False if the key is missing. A
        checkpoint as `Mutex.acquire` is. Go's `sync.Map.CompareAndSwap`.

        Raises:
            DeadlockError: the task is creating or updating this very key.

        Example:
            >>> import anyio
            >>> from anymutex import SharedMap
            >>> async def main():
            ...     jobs = SharedMap({"a": "new"})
            ...     return [await jobs.compare_and_swap("a", "new", "taken") for _ in range(2)]
            >>> anyio.run(main)
            [True, False]
        """
        async with self._locks()[key]:
            value = self.get(key, _MISSING)
            if value is _MISSING or not (value is expected or value == expected):
                return False
            self[key] = new
            return True

    @ki_protected
    async def _create(self, key: K, factory: Callable[[], Awaitable[V]]) -> V:
        locks = self._locks()
        locks.enter_run()
        flight = locks.flights.get(key)
        if flight is None:
            flight = locks.flights[key] = Flight(locks, key)
        landed = await flight.lead_or_wait()
        if landed is None:
            landed = await self._lead(flight, key, factory)
        try:
            return landed.result()  # type: ignore[no-any-return]
        finally:
            del landed  # else its error -> traceback -> this frame -> the error

    @ki_protected
    async def _lead(self, flight: Flight, key: K, factory: Callable[[], Awaitable[V]]) -> Landed:
        try:
            async with self._locks()[key]:
                landed = await self._landed(key, factory)
        except BaseException:  # cancelled, or refused before it began
            flight.release()
            raise
        flight.land(landed)
        try:
            return landed
        finally:
            del landed  # as in `_create`: this frame is behind the one that raised

    @ki_protected
    async def _landed(self, key: K, factory: Callable[[], Awaitable[V]]) -> Landed:
        value = self.get(key, _MISSING)
        if value is not _MISSING:
            return Landed(value)
        try:
            made = await _called("get_or_create", factory)
        except Exception as error:
            return Landed(None, error, error.__traceback__)
        return Landed(self.setdefault(key, made))

    @ki_protected
    async def _updated(self, key: K, old: V, function: Callable[[V], Awaitable[V]]) -> V:
        update = self.open_updates[key] = OpenUpdate(key)
        self.note_open_update()
        try:
            new = await _called("update_key", function, old)
        finally:
            if self.open_updates.get(key) is update:  # else of a run that was broken off
                del self.open_updates[key]
        if (report := update.report(self)) is not None:
            self.tell(report)
        return new  # type: ignore[no-any-return]

    def _locks(self) -> UpdateLocks:
        if self.locks is None:
            self.locks = UpdateLocks(self.label)
        return self.locks


@ki_let_in
async def _called(method: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function`, which is the user's, gives.

    Raises:
        TypeError: it is no async function.
    """
    result = function(*arguments) if callable(function) else function
    if not inspect.isawaitable(result):
        name = getattr(function, "__name__", None) or repr(type(function).__name__)
        gave = f"returned {type(result).__name__}" if callable(function) else "can't be called"
        raise TypeError(f"{method} needs an async function; {name} {gave}")
    return await result
