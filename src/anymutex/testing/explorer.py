"""`explore` and `replay`: a program under many schedules, or under one."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING

from anymutex.errors import UsageError
from anymutex.testing.choices import Schedule
from anymutex.testing.defaultplan import DefaultPlan
from anymutex.testing.drivers import refuse_unless_driven
from anymutex.testing.exploration import Exploration, verdict_of
from anymutex.testing.ownthread import OwnThread
from anymutex.testing.runner import runner_of
from anymutex.testing.search import Limits, Search, replayed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.replayed import Replayed
    from anymutex.testing.strategy import Strategy


def explore(
    program: AsyncProgram,
    *,
    backends: Iterable[str] = ("asyncio", "trio"),
    max_schedules: int = 1000,
    max_seconds: float = 60.0,
    seed: int = 0,
    strategy: Callable[[int], Strategy] | None = None,
) -> Exploration:
    """Run a program under many schedules, and tell the first one under which it fails.

    At each step of a run one of the tasks that can run is chosen to go on, to its next await. Time is
    virtual, so sleeping costs none. A schedule fails when the program raises, when it deadlocks, hangs or
    spins, or when asyncio's exception handler is told of an error. The failing schedule is made as short as
    it goes, run again to see that it repeats, and named by a token for `replay`, on either backend.

    Args:
        program: An async function without arguments, called once for each schedule. It must make its locks,
            maps and counters itself, and assert what has to be true at its end.
        backends: Of `"asyncio"` and `"trio"`, in this order. uvloop can't be driven.
        max_schedules: So many at most on each backend.
        max_seconds: So long at most in all; each backend gets an equal share of what is left. It is looked at
            between two runs: a program that blocks can't be interrupted.
        seed: Of the strategies that draw; the same seed gives the same schedules.
        strategy: Makes, from the seed, what chooses the schedules, say `Exhaustive`. None takes the
            default plan: the default order, then strategies in turn that find different bugs, one of which
            runs every schedule of a small program.

    Returns:
        An `Exploration`; nothing that the program raises is raised here, unless you `check()`.

    Raises:
        UsageError: A backend can't be driven, or the program uses what can't be: signals, subprocesses.
        TypeError: `program` is no async function without arguments.

    Don't use it for programs that use worker threads, which are not driven yet, or talk to other processes.
    It is a plain function, which may be called anywhere, also where an event loop runs: it works in a thread
    of its own. It is not a checkpoint.

    Example:
        >>> import anyio
        >>> async def lost_update():
        ...     counter = 0
        ...     async def increment():
        ...         nonlocal counter
        ...         before = counter
        ...         await anyio.lowlevel.checkpoint()
        ...         counter = before + 1
        ...     async with anyio.create_task_group() as group:
        ...         group.start_soon(increment)
        ...         group.start_soon(increment)
        ...     assert counter == 2, f"counted {counter}"
        >>> result = explore(lost_update)
        >>> result.verdict, result.failure.kind, result.failure.token
        ('failed', 'exception', 'v1')
        >>> print(result.failure.report.splitlines()[0])
        AssertionError: counted 1
    """
    chosen = _checked(program, backends)
    limits = Limits(max_schedules, time.monotonic() + max_seconds, f"max_seconds={max_seconds:g}")
    make_strategy = DefaultPlan if strategy is None else strategy

    def work(broken_off: Callable[[], bool]) -> Exploration:
        searches: list[Search] = []
        for index, backend in enumerate(chosen):
            part = limits.share_for(len(chosen) - index)
            with runner_of(program, backend) as runner:
                search = Search(runner, make_strategy(seed), part, broken_off)
                search.go()
            searches.append(search)
            if search.failure or broken_off():
                break
        return _summed_up(searches)

    return OwnThread(work).result()


def replay(program: AsyncProgram, token: str, *, backend: str = "asyncio") -> Replayed:
    """Run a program once, under the schedule that a token names.

    Args:
        program: The one that the token was found with.
        token: Of a failure that `explore` has found, on whichever backend.
        backend: `"asyncio"` or `"trio"`.

    Returns:
        What came of it, with the list of its steps. Where the program can't follow the token any more, say
        because it was mended, it goes on in the default order, and `divergence` names the step.

    Raises:
        ValueError: The token is none.
        UsageError: The backend can't be driven.
        TypeError: `program` is no async function without arguments.

    Example:
        >>> async def program():
        ...     return 42
        >>> replay(program, "v1").outcome
        '42'
    """
    schedule = Schedule.parse(token)
    _checked(program, [backend])

    def work(broken_off: Callable[[], bool]) -> Replayed:
        with runner_of(program, backend) as runner:
            return replayed_by(runner, schedule)

    return OwnThread(work).result()


def _summed_up(searches: list[Search]) -> Exploration:
    failure = next((search.failure for search in searches if search.failure), None)
    covered = min(search.covered for search in searches)
    stopped_by = next((search.stopped_by for search in searches if search.stopped_by), None)
    return Exploration(
        verdict="failed" if failure else verdict_of(covered, stopped_by),
        failure=failure,
        schedules={search.runner.backend: search.schedules for search in searches},
        outcomes={search.runner.backend: search.outcomes for search in searches},
        covered=covered,
        stopped_by=stopped_by,
    )


def _checked(program: AsyncProgram, backends: Iterable[str]) -> list[str]:
    chosen = list(backends)
    if not chosen:
        raise UsageError("no backend to run on")
    for backend in chosen:
        refuse_unless_driven(backend)
    if not callable(program) or inspect.iscoroutine(program):
        raise TypeError(f"{program!r} is no async function: give the function itself, without calling it")
    return chosen
