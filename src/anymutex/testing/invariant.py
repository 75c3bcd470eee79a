"""Invariant: what has to be true after every step of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.testing.scheduler import Scheduler, Task


class Invariant:
    """Observes a run, and breaks it off at the first step after which something does not hold.

    Args:
        holds: Called without arguments after each step; it raises, or returns False, if it does not hold.
    """

    def __init__(self, holds: Callable[[], Any]) -> None:
        self._holds = holds
        self._name = getattr(holds, "__name__", type(holds).__name__)

    def note(self, scheduler: Scheduler, task: Task) -> None:
        """A step was taken.

        Raises:
            AssertionError: The invariant has returned False.
            Exception: What the invariant raises.
        """
        if self._holds() is False:
            raise AssertionError(
                f"the invariant {self._name} does not hold after step {len(scheduler.trace) - 1}"
            )
