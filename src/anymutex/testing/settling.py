"""Settling: whether a loop has callbacks to run before the next step of a task is chosen.

Rule 1. A callback is news once between two steps. One that puts itself back again and again, as anyio's
        delivery of cancellation does, neither starves tasks nor is starved.
Rule 2. Rounds in which always other callbacks are put into the loop come to an end too: at `MOST_ROUNDS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ROUNDS = 100


class Settling:
    """What was put into the loop since the last step."""

    def __init__(self) -> None:
        self.has_news = False
        """Whether there was any since the loop has begun a round."""
        self._known: set[object] = set()
        self._rounds = 0

    @property
    def is_over(self) -> bool:
        """Whether the next step may be taken."""
        return not self.has_news or self._rounds >= MOST_ROUNDS

    def note(self, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        """`callback` was put into the loop."""
        function = getattr(callback, "__func__", callback)
        key = (id(function), id(getattr(callback, "__self__", None)), *map(id, args))
        if key not in self._known:
            self._known.add(key)
            self.has_news = True

    def go_round(self) -> None:
        """The loop runs its callbacks once more."""
        self._rounds += 1

    def begin_again(self) -> None:
        """A step is taken: all that comes of it is news."""
        self._rounds = 0
        if self._known:
            self._known.clear()
