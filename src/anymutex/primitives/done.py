"""DONE: an awaitable that is done already, for `__aexit__`s that have nothing to wait for.

A coroutine would be created and thrown away for each `async with`. Here `await` asks for `__await__`, which
is the exhausted iterator's own C method and returns that iterator, which ends at once: no Python frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Coroutine

_EXHAUSTED = iter(())


class _Done:
    """Its `await` returns None without suspending, on any event loop."""

    __slots__ = ()
    __await__: Any = _EXHAUSTED.__iter__


# Only the await of a coroutine is wanted, but type checkers want a whole one of an `__aexit__`.
DONE = cast("Coroutine[Any, Any, None]", _Done())
