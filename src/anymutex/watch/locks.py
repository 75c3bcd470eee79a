"""LockOrder: which locks were taken in both orders, although no deadlock came of it this time.

Rule 1. An *order* is: somebody held one lock and took, or waited for, another that it would have waited for
        (`try_acquire` never waits). An *inversion* is a ring of orders: a before b, and b before a.
Rule 2. A ring can become a deadlock only if all its orders can be under way at once. Two can't if one and
        the same task alone made both, nor if both were made under another lock, which lets in one at a time
        (a gate). Such a ring is not told.
Rule 3. What `KeyedMutex.all_of` takes together it takes in an order that all who do so agree on, at that
        time. A ring of such orders alone is not told.
Rule 4. Both sides of an RWMutex are one lock here: readers wait behind a writer that waits.
Rule 5. A lock is known by a number, weakly, and a task too. Keys of a KeyedMutex are kept.

Linux' lockdep does the same for classes of locks; here each lock is one of its own, so that two locks made by
one line are never mixed up. Rule 2 is from Bensalem and Havelund, Dynamic Deadlock Analysis of Multi-Threaded
Programs (2005).
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from anymutex import probe, stacks, tasks
from anymutex.deadlock import LockInversion, OrderSeen
from anymutex.events import LockAcquired, LockReleased, LockWanted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Self

    from anymutex.events import Event
    from anymutex.stacks import Site
    from anymutex.tasks import Task

Node: TypeAlias = "tuple[int, Hashable]"  # the number of a lock, and the key of one of a KeyedMutex


class _Held(NamedTuple):
    """One lock that a task holds, or is about to."""

    node: Node
    label: str
    site: Site
    is_shared: bool


class _Order:
    """One lock was taken before another: who did it first and where, and what is true of each time."""

    __slots__ = ("first", "gates", "is_grouped", "second", "task", "who")

    def __init__(
        self, first: _Held, second: _Held, task: int, who: str, gates: set[Node], is_grouped: bool
    ) -> None:
        self.first, self.second = first, second
        self.task: int | None = task  # None when several tasks did it
        self.who = who
        self.gates = gates  # what each of them held as well, exclusively
        self.is_grouped = is_grouped  # whether `all_of` took both, each time

    def again(self, task: int, gates: set[Node], is_grouped: bool) -> bool:
        """It was seen once more; say whether that makes it more dangerous than before."""
        before = self.task, len(self.gates), self.is_grouped
        self.task = task if self.task == task else None
        self.gates &= gates
        self.is_grouped &= is_grouped
        return before != (self.task, len(self.gates), self.is_grouped)

    def may_meet(self, other: _Order) -> bool:
        """Whether both can be under way at once, see rule 2."""
        by_one_task = self.task is not None and self.task == other.task
        return not by_one_task and self.gates.isdisjoint(other.gates)


class LockOrder:
    """Lists locks that were taken in both orders. A listener, off until it is entered.

    Meant for tests and for trying out: it costs about as much as a lock cycle for each lock that is held. An
    inversion is no proof that a deadlock can happen: orders at different times of a program's life count too.

    Args:
        on_inversion: Called with each `LockInversion` when it is found.

    Attributes:
        inversions: The reports so far: each ring of locks once, and none around one that was told.

    Example:
        >>> import anyio
        >>> from anymutex import Mutex
        >>> from anymutex.watch.locks import LockOrder
        >>> async def both(first, second):
        ...     async with first, second:
        ...         pass
        >>> async def main():
        ...     a, b = Mutex("a"), Mutex("b")
        ...     with LockOrder() as order:
        ...         for pair in ((a, b), (b, a)):
        ...             async with anyio.create_task_group() as tasks:
        ...                 tasks.start_soon(both, *pair)
        ...     return [report.headline for report in order.inversions]
        >>> anyio.run(main)
        ['lock order inversion: a before b, but b before a']
    """

    def __init__(self, on_inversion: Callable[[LockInversion], object] | None = None) -> None:
        self.inversions: list[LockInversion] = []
        self._on_inversion = on_inversion
        self._numbers = count(1)
        self._lock_numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._task_numbers: WeakKeyDictionary[Task, int] = WeakKeyDictionary()
        self._held: WeakKeyDictionary[Task, list[_Held]] = WeakKeyDictionary()
        self._orders: dict[Node, dict[Node, _Order]] = {}  # first -> second -> how
        self._told: list[frozenset[Node]] = []

    def __enter__(self) -> Self:
        probe.attach(self.hear)
        return self

    def __exit__(self, *_: object) -> None:
        probe.detach(self.hear)
        self._held.clear()  # what is released from now on is not heard

    def hear(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, LockWanted):
            self._note_orders(event.task, event.lock, self._as_held(event.lock))
        elif isinstance(event, LockAcquired):
            held = self._as_held(event.lock)
            if event.blocking:
                self._note_orders(event.task, event.lock, held)
            self._held.setdefault(event.task, []).append(held)
        elif isinstance(event, LockReleased):
            self._drop(event.task, self._node_of(event.lock))

    def _note_orders(self, task: Task, lock: Any, second: _Held) -> None:
        held = self._held.get(task, [])
        for place, first in enumerate(held):
            if first.node != second.node:
                gates = {other.node for other in held[:place] if not other.is_shared}
                gates -= {first.node, second.node}
                self._note(first, second, task, gates, _is_grouped(first, second, lock))

    def _note(self, first: _Held, second: _Held, task: Task, gates: set[Node], is_grouped: bool) -> None:
        number = self._number_in(self._task_numbers, task)
        seconds = self._orders.setdefault(first.node, {})
        order = seconds.get(second.node)
        if order is None:
            who = tasks.described(task)
            order = seconds[second.node] = _Order(first, second, number, who, gates, is_grouped)
        elif not order.again(number, gates, is_grouped):
            return
        if (ring := self._ring_closed_by(order)) is not None:
            self._tell(ring)

    def _ring_closed_by(self, closing: _Order) -> list[_Order] | None:
        """The shortest ring with `closing` in it that may become a deadlock."""
        seen = {closing.first.node, closing.second.node}
        paths: list[list[_Order]] = [[closing]]
        for path in paths:  # grows while it is gone through: breadth first
            for node, order in self._orders.get(path[-1].second.node, {}).items():
                if not all(order.may_meet(other) for other in path):
                    continue
                longer = [*path, order]
                if node == closing.first.node and not all(order.is_grouped for order in longer):
                    return longer
                if node not in seen:
                    seen.add(node)
                    paths.append(longer)
        return None

    def _tell(self, ring: list[_Order]) -> None:
        nodes = frozenset(order.first.node for order in ring)
        if any(told <= nodes for told in self._told):  # mend that one first
            return
        self._told.append(nodes)
        report = LockInversion(tuple(_seen(order) for order in (*ring[1:], ring[0])))  # the newest last
        self.inversions.append(report)
        if self._on_inversion is not None:
            self._on_inversion(report)

    def _drop(self, task: Task, node: Node) -> None:
        held = self._held.get(task, [])
        for place in range(len(held) - 1, -1, -1):
            if held[place].node == node:
                del held[place]
                return

    def _as_held(self, lock: Any) -> _Held:
        return _Held(self._node_of(lock), lock.label, stacks.caller_site(), lock.is_shared)

    def _node_of(self, lock: Any) -> Node:
        bound = lock.bound()
        key = None if bound is lock else getattr(lock, "key", None)
        return self._number_in(self._lock_numbers, bound), key

    def _number_in(self, numbers: WeakKeyDictionary[Any, int], thing: Any) -> int:
        number = numbers.get(thing)
        if number is None:
            number = numbers[thing] = next(self._numbers)
        return number


def _is_grouped(first: _Held, second: _Held, lock: Any) -> bool:
    """Whether one `all_of` is taking both; `lock` is the second one.

    Until it has all it keeps their entries in the table, and all are taken by one line.
    """
    if first.node[0] != second.node[0] or first.site != second.site or not getattr(lock, "pins", 0):
        return False
    entry = lock.bound().entries.get(first.node[1])
    return entry is not None and entry.pins > 0


def _seen(order: _Order) -> OrderSeen:
    return OrderSeen(
        who=order.who,
        first=order.first.label,
        second=order.second.label,
        first_taken=stacks.place_of(order.first.site),
        second_taken=stacks.place_of(order.second.site),
    )
