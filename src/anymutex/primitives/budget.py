"""How long a thread may take free locks without letting other tasks run.

Rule 1. One budget a thread, shared by all primitives and all tasks: a loop over a thousand locks is as fair
        as over one, and a hundred looping tasks delay the others no more than one does.
Rule 2. Whoever finds it spent yields *before* taking the lock, never while holding one. Having yielded, it
        may take this one whatever is left, so that nobody starves.
Rule 3. A count bounds cheap loops; a clock bounds loops whose body computes.
Rule 4. All who yielded in one turn of the event loop share the next one: each gets an equal part.

tokio's `coop` budget is the same idea, a task; `anyio.Lock` yields on every acquire instead, which is what
makes an uncontended one cost about as much as a turn of the event loop.
"""

from __future__ import annotations

import threading
from time import monotonic

# Large enough that a turn of the loop, shared among so many, is about 1 % of a lock cycle.
ACQUIRES = 64
SECONDS = 0.001


class Budget:
    """What is left to one thread until its next yield."""

    __slots__ = ("_left", "_part", "_turn", "_until", "_yielders")

    def __init__(self) -> None:
        self._left = 0
        self._until = 0.0
        self._turn = 0  # counts the times that others had their turn
        self._yielders = 0  # how many have yielded in this turn
        self._part = 1.0  # what each of those who yielded in the last turn may use in this one

    def is_spent(self) -> bool:
        """Count one acquire, and say whether it has to yield first."""
        self._left -= 1
        return self._left < 0 or monotonic() > self._until

    def before_yield(self) -> int:
        """Somebody yields now. What this returns is for `after_yield`."""
        self._yielders += 1
        return self._turn

    def after_yield(self, turn: int) -> None:
        """The one who yielded in `turn` is back; the first one back begins a new turn."""
        if turn == self._turn:
            self._turn += 1
            self._part = 1 / self._yielders
            self._yielders = 0
        self._left = int(ACQUIRES * self._part)
        self._until = monotonic() + SECONDS * self._part


class _Budgets(threading.local):
    def __init__(self) -> None:
        self.budget = Budget()


_budgets = _Budgets()


def thread_budget() -> Budget:
    """The budget of this thread."""
    return _budgets.budget
