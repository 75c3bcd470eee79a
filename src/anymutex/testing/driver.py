"""Driver: what drives one event loop, one task step at a time."""

from __future__ import annotations

import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from anymutex import joins, probe
from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from anymutex.testing.blocked import Blocked
    from anymutex.testing.complaint import Complaint
    from anymutex.testing.scheduler import Scheduler

    AsyncProgram: TypeAlias = Callable[[], Awaitable[Any]]


class Ended(NamedTuple):
    """How a driven run ended."""

    value: Any = None
    error: BaseException | None = None
    blocked: tuple[Blocked, ...] = ()
    """Where the tasks stood when the run had to be stopped."""
    complaints: tuple[Complaint, ...] = ()
    """What the loop's exception handler was told."""
    leftovers: tuple[str, ...] = ()
    """The names of tasks that no cancellation ended."""
    threads: tuple[str, ...] = ()
    """The names of threads at work when the run had to be stopped that are no workers of its tasks."""
    has_peer: bool = False
    """Whether somebody outside of the program takes part in it, through a socket."""


async def awaited(program: AsyncProgram) -> Any:
    """Run `program`, and say so if it is none.

    Raises:
        UsageError: It gave nothing to await.
    """
    joins.get_ready()
    given = program()
    if not inspect.isawaitable(given):
        raise UsageError(f"{program!r} gave {given!r}, which can't be awaited: is it an `async def`?")
    return await given


class Driver(Protocol):
    """Runs programs on one backend as a scheduler decides."""

    def run(self, program: AsyncProgram, scheduler: Scheduler) -> Ended:
        """Run `program` once, to its end or until it is stopped; nothing it raises is raised here."""
        ...

    def close(self) -> None:
        """Give back what the driver keeps between runs."""
        ...


@contextmanager
def driving() -> Iterator[None]:
    """Let the primitives of this thread ask no clock, and make every acquire a choice."""
    thread = threading.get_ident()
    probe.driven.add(thread)
    try:
        yield
    finally:
        probe.driven.discard(thread)
