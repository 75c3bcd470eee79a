"""A program that somebody wants to run: its main function, and how it asked to be run itself."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


T = TypeVar("T")


class Program(NamedTuple, Generic[T]):
    """What `anymutex.run(main, backend=..., seconds=...)` was called with, or would be."""

    main: Callable[[], Awaitable[T]]
    backend: str | None = None
    seconds: float | None = None


def why_not_a_main(function: object) -> str | None:
    """What keeps `function` from being a program, in words that follow its name; None if it is one."""
    if inspect.iscoroutine(function):
        function.close()  # else Python complains about a coroutine that was never awaited
        return "is a coroutine: give the function itself, main and not main()"
    if not callable(function):
        return f"is no function but of type {type(function).__name__}"
    if not _is_async(function):
        return "is not async: write `async def`"
    if not _callable_without_arguments(function):
        return f"needs arguments {inspect.signature(function)}: a program takes none"
    return None


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _callable_without_arguments(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    return True
