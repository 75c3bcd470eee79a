"""What a callback of an asyncio loop raises: no function that may suspend is above it, so the loop is asked.

Rule 1. The loop tells of it in its `call_exception_handler`, which is wrapped on the one loop where something
        was removed that a callback may miss. It goes on to the loop's own, with what it was given.
Rule 2. Neither the loop nor the exception is kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from anymutex.tasks import library

if TYPE_CHECKING:
    from collections.abc import Callable

_heard: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def hear(note: Callable[[BaseException], None]) -> bool:
    """From now on call `note` with what callbacks of the running loop raise; whether there are callbacks."""
    if library.name == "trio":
        return False
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False
    if loop not in _heard:
        _heard.add(loop)
        loop.call_exception_handler = _Handler(loop, note)  # type: ignore[method-assign]
    return True


class _Handler:
    """Takes the place of the loop's `call_exception_handler`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, note: Callable[[BaseException], None]) -> None:
        self._loop = ref(loop)
        self._own = type(loop).call_exception_handler
        self._note = note

    def __call__(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and "handle" in context:
            self._note(error)
        loop = self._loop()
        if loop is not None:
            self._own(loop, context)
