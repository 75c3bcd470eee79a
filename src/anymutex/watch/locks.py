"""LockOrder: which locks were taken in both orders, although no deadlock came of it this time.

Rule 1. An *order* is: somebody held one lock and took, or waited for, another that it would have waited for
        (`try_acquire` never waits). An *inversion* is a ring of orders: a before b, and b before a.
Rule 2. A ring that one and the same task made all alone can't become a deadlock, nor can one whose orders
        were all made under another lock, which lets in one at a time (a gate). Neither is told.
Rule 3. Both sides of an RWMutex are one lock here: readers wait behind a writer that waits.
Rule 4. A lock is known by a number, weakly; a key of a KeyedMutex by its label. No task is kept alive.

Linux' lockdep does the same for classes of locks; here each lock is one of its own, so that two locks made by
one line are never mixed up.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from anymutex import probe, stacks, tasks
from anymutex.deadlock import LockInversion, OrderSeen
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, LockWanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from anymutex.events import Event
    from anymutex.stacks import Site
    from anymutex.tasks import Task

Node: TypeAlias = "tuple[int, str]"  # the number of a lock, and its label


class _Held(NamedTuple):
    node: Node
    label: str
    site: Site
    is_shared: bool


class _Order:
    """One lock was taken before another: who did it first and where, and what was held each time."""

    __slots__ = ("first", "gates", "second", "task", "who")

    def __init__(self, first: _Held, second: _Held, task: int, who: str, gates: set[Node]) -> None:
        self.first, self.second = first, second
        self.task: int | None = task  # None when several tasks did it
        self.who = who
        self.gates = gates  # what each of them held as well, exclusively

    def again(self, task: int, gates: set[Node]) -> bool:
        """It was seen once more; say whether that makes it more dangerous than before."""
        before = self.task, len(self.gates)
        self.task = task if self.task == task else None
        self.gates &= gates
        return before != (self.task, len(self.gates))


class LockOrder:
    """Lists locks that were taken in both orders. A listener, off until it is entered.

    Meant for tests and for trying out: it costs about as much as a lock cycle for each lock that is held. An
    inversion is no proof that a deadlock can happen: orders at different times of a program's life count too.

    Args:
        on_inversion: Called with each `LockInversion` when it is found.

    Attributes:
        inversions: The reports so far, each ring of locks once.

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
        self._told: set[frozenset[Node]] = set()

    def __enter__(self) -> Self:
        probe.attach(self.hear)
        return self

    def __exit__(self, *_: object) -> None:
        probe.detach(self.hear)

    def hear(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, LockWanted):
            self._note_orders(event.task, self._as_held(event.lock))
        elif isinstance(event, LockAcquired):
            held = self._as_held(event.lock)
            if event.blocking:
                self._note_orders(event.task, held)
            self._held.setdefault(event.task, []).append(held)
        elif isinstance(event, LockReleased):
            self._drop(event.task, self._node_of(event.lock))
        elif not isinstance(event, LockAbandoned):
            return

    def _note_orders(self, task: Task, second: _Held) -> None:
        held = self._held.get(task, [])
        for place, first in enumerate(held):
            if first.node != second.node:
                gates = {other.node for other in held[:place] if not other.is_shared}
                self._note(first, second, task, gates - {first.node, second.node})

    def _note(self, first: _Held, second: _Held, task: Task, gates: set[Node]) -> None:
        number = self._number_in(self._task_numbers, task)
        seconds = self._orders.setdefault(first.node, {})
        order = seconds.get(second.node)
        if order is None:
            order = seconds[second.node] = _Order(first, second, number, tasks.described(task), gates)
        elif not order.again(number, gates):
            return
        for ring in self._rings(order):
            self._tell(ring)

    def _rings(self, closing: _Order) -> Iterable[list[_Order]]:
        """The shortest ring that `closing` closes and that may become a deadlock, if there is one."""
        seen = {closing.second.node}
        paths: list[list[_Order]] = [[closing]]
        for path in paths:  # grows while it is gone through: breadth first
            for node, order in self._orders.get(path[-1].second.node, {}).items():
                ring = [*path, order]
                if node == closing.first.node and _is_dangerous(ring):
                    return [ring]
                if node not in seen:
                    seen.add(node)
                    paths.append(ring)
        return []

    def _tell(self, ring: list[_Order]) -> None:
        nodes = frozenset(order.first.node for order in ring)
        if nodes in self._told:
            return
        self._told.add(nodes)
        report = LockInversion(tuple(_seen(order) for order in (*ring[1:], ring[0])))  # the oldest first
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
        return self._number_in(self._lock_numbers, lock.bound()), lock.order_label

    def _number_in(self, numbers: WeakKeyDictionary[Any, int], thing: Any) -> int:
        number = numbers.get(thing)
        if number is None:
            number = numbers[thing] = next(self._numbers)
        return number


def _is_dangerous(ring: list[_Order]) -> bool:
    """Rule 2."""
    by_one_task = ring[0].task is not None and all(order.task == ring[0].task for order in ring)
    return not by_one_task and not set.intersection(*(order.gates for order in ring))


def _seen(order: _Order) -> OrderSeen:
    return OrderSeen(
        who=order.who,
        first=order.first.label,
        second=order.second.label,
        first_taken=stacks.place_of(order.first.site),
        second_taken=stacks.place_of(order.second.site),
    )
