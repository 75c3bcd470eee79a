"""What to do with a coroutine that will never begin: nobody shall be warned that it was not awaited."""

from __future__ import annotations

import inspect
from typing import Any


def forgo(coroutine: Any) -> bool:
    """Close `coroutine` if it was never begun, and what it was to await; whether that was so.

    anyio's task groups start a method of a `TaskHandle` that has the coroutine as `coro`; we wrap that again.
    """
    if not inspect.iscoroutine(coroutine) or inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED:
        return False
    frame: Any = coroutine.cr_frame
    for argument in frame.f_locals.values():
        forgo(argument)
        forgo(getattr(argument, "coro", None))
    coroutine.close()
    return True
