"""One run of a program on one backend: what `run`, the command, `compare` and `demo` have in common.

Whatever the program raises comes out as `anyio.run` would let it out; how that is told to a user is for
`finishing`. The task that runs `main` bears the name of `main`, as if nothing were wrapped around it.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio

from anymutex.doors.endings import leaves_of
from anymutex.doors.signals import SigtermWatch, Terminated
from anymutex.starts import record_starts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from anymutex.doors.backends import Backend

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
    stops: list[BaseException] = []

    async def hosted() -> T | None:
        with (
            _kept(stops),
            anyio.move_on_after(seconds) as scope,
            sigterm.cancelling(scope, backend),
            record_starts(),
        ):
            return await main()
        return None

    take_name(hosted, main)
    try:
        value = anyio.run(hosted, backend=backend.anyio_name, backend_options=dict(backend.options))
    except (SystemExit, KeyboardInterrupt) as stop:
        raise (stops or [stop])[0] from None
    if stops or sigterm.came:
        raise (stops or [Terminated()])[0]
    return value


@contextmanager
def _kept(stops: list[BaseException]) -> Iterator[None]:
    """Keep a group with an exit in it out of the loop.

    asyncio lets a child's SystemExit out at once, and would then complain on stderr about the group with
    the same exit in which `main` ends.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        if not any(isinstance(leaf, SystemExit | KeyboardInterrupt) for leaf in leaves_of(group)):
            raise
        stops.append(group)


def take_name(wrapper: Callable[..., object], main: Callable[..., object]) -> None:
    """Both backends name the first task after the function that they were given."""
    if isinstance(main, partial):
        main = main.func
    wrapper.__module__ = main.__module__
    wrapper.__name__ = wrapper.__qualname__ = getattr(main, "__qualname__", "main")
