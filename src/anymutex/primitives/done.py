"""DONE: an awaitable that is done already, for `__aexit__`s that have nothing to wait for.

A coroutine would be created and thrown away for each `async with`. Here `await` asks for `__await__`, which
is the exhausted iterator's own C method and returns that iterator, which ends at once: no Python frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

_EXHAUSTED = iter(())


class _Done:
    """Its `await` returns None without suspending, on any event loop."""

    __slots__ = ()
    __await__: Any = _EXHAUSTED.__iter__


DONE: Awaitable[None] = _Done()
