"""How long a thread may take free locks without letting other tasks run.

Rule 1. One budget a thread, shared by all primitives: a loop over a thousand locks is as fair as over one.
Rule 2. Whoever finds it spent yields *before* taking the lock, never while holding one.
Rule 3. A count bounds cheap loops; a clock bounds loops whose body computes.

tokio's `coop` budget is the same idea; `anyio.Lock` yields on every acquire instead, which is what makes an
uncontended one cost about as much as a turn of the event loop.
"""

from __future__ import annotations

import threading
from time import monotonic

# Large enough that a turn of the loop, shared among so many, is about 1 % of a lock cycle.
ACQUIRES = 64
SECONDS = 0.001


class Budget:
    """What is left to one thread until its next yield."""

    __slots__ = ("_left", "_until")

    def __init__(self) -> None:
        self._left = 0
        self._until = 0.0

    def is_spent(self) -> bool:
        """Count one acquire, and say whether it has to yield first."""
        self._left -= 1
        return self._left < 0 or monotonic() > self._until

    def refill(self) -> None:
        """Other tasks have just had their turn."""
        self._left = ACQUIRES
        self._until = monotonic() + SECONDS


class _Budgets(threading.local):
    def __init__(self) -> None:
        self.budget = Budget()


_budgets = _Budgets()


def thread_budget() -> Budget:
    """The budget of this thread."""
    return _budgets.budget
