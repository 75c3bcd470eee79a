"""One run of a program on one backend: what `run`, the command, `compare` and `demo` have in common.

Whatever the program raises comes out as `anyio.run` would let it out; how that is told to a user is for
`finishing`. The task that runs `main` bears the name of `main`, as if nothing were wrapped around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from anymutex.signals import SigtermWatch, Terminated
from anymutex.tasks import record_starts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anymutex.backends import Backend

T = TypeVar("T")


def host(main: Callable[[], Awaitable[T]], backend: Backend, seconds: float | None = None) -> T | None:
    """Run `main` to its end on `backend`, or cancel it after `seconds`.

    Returns:
        What `main` returned; None if the time was up first.

    Raises:
        Terminated: SIGTERM came and the tasks were unwound.
        BaseException: whatever `main` raised, in the groups that it came in.
    """
    sigterm = SigtermWatch()

    async def hosted() -> T | None:
        with anyio.move_on_after(seconds) as scope, sigterm.cancelling(scope, backend), record_starts():
            return await main()
        return None

    _take_name(hosted, main)
    value = anyio.run(hosted, backend=backend.anyio_name, backend_options=dict(backend.options))
    if sigterm.came:
        raise Terminated
    return value


def _take_name(wrapper: Callable[..., object], main: Callable[..., object]) -> None:
    """Both backends name the first task after the function that they were given."""
    main = getattr(main, "func", main)  # a partial is known by the function in it
    wrapper.__module__ = main.__module__
    wrapper.__name__ = wrapper.__qualname__ = getattr(main, "__qualname__", "main")
