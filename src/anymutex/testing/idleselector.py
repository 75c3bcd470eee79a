"""IdleSelector: the selector of an asyncio loop, which says when the loop would wait."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Select: TypeAlias = Callable[[float | None], list[Any]]


class IdleSelector(selectors.DefaultSelector):
    """Looks for what is ready, and leaves the decision to wait to others.

    Args:
        on_idle: Called instead of a wait, with what looks at the files for so many real seconds.
    """

    def __init__(self, on_idle: Callable[[Select, float | None], list[Any]]) -> None:
        super().__init__()
        self.has_files = False
        """Whether a socket is open, or another file that asyncio looks at, beside its own pipe."""
        self._count = 0
        self._on_idle = on_idle

    def register(self, *args: Any, **kwargs: Any) -> selectors.SelectorKey:
        """Count it."""
        key = super().register(*args, **kwargs)
        self._add(1)
        return key

    def unregister(self, *args: Any, **kwargs: Any) -> selectors.SelectorKey:
        """Count it no more."""
        key = super().unregister(*args, **kwargs)
        self._add(-1)
        return key

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready. Where there is nothing but asyncio's pipe, that can wait until the loop is idle."""
        if timeout is None or timeout > 0:
            return self._on_idle(super().select, timeout)
        return super().select(0) if self.has_files else []

    def _add(self, count: int) -> None:
        self._count += count
        self.has_files = self._count > 1
