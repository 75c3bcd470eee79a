"""`explore` and `replay`: a program under many schedules, or under one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from anymutex.testing.choices import Schedule
from anymutex.testing.exploring import Exploring
from anymutex.testing.ownthread import OwnThread
from anymutex.testing.question import Question, checked_backends, refuse_unless_a_program
from anymutex.testing.runner import runner_of
from anymutex.testing.runrules import RunRules
from anymutex.testing.search import replayed_by
from anymutex.testing.watched import put_hooks_around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.exploration import Exploration
    from anymutex.testing.progress import Progress
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
    cancellation: bool = False,
    early_timers: float = 0.0,
    races: bool = False,
    invariant: Callable[[], Any] | None = None,
    progress: Callable[[Progress], Any] | None = None,
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
        cancellation: Cancel tasks too: first each task at each of its awaits in the default order, one cancel
            a run; then one cancel a run at most, as a choice of the schedule. The program itself is not
            cancelled, only the tasks it has started: by their own `task.cancel()` on asyncio, by a scope
            around each on trio.
        early_timers: So many seconds in all may the timers of a run fire before they are due, at most three
            of them. A program that sleeps until "the others are surely done" then fails, rightly or not.
        races: An await race that happens is a failure too, so that a program without a single assertion is
            searched. Hooks are put into the code of the program's module and of its package, as
            `anymutex race` does; its asserts then say less under pytest.
        invariant: Called without arguments after every step; a step after which it raises or returns False
            is a failure. It must not await, and must bear being called before the program has set anything.
        progress: Called with a `Progress` at most ten times a second, in the thread that explores.

    Returns:
        An `Exploration`; nothing that the program raises is raised here, unless you `check()`. Where nothing
        fails on either of two backends, every schedule was run on both, and one of them can end in a way the
        other can't, that is a failure too, `outcomes-differ`.

    Raises:
        UsageError: A backend can't be driven, a number makes no sense, or the program is no async function,
            uses what can't be driven (signals, subprocesses), or runs on none of the backends.
        TypeError: `program` can't be called without arguments, or another argument is of a wrong type.
        Interrupted: Ctrl-C; a KeyboardInterrupt that has what is known so far.

    Worker threads (`to_thread`, executors) are waited for in real time: no task goes on and the clock stands
    still while one runs, so their own order is not explored. Don't use it for programs that talk to other
    processes, or start threads by themselves: those have no place in a schedule. A program that calls asyncio
    or trio itself is explored on that one alone; `left_out` says why.
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
    refuse_unless_a_program(program)
    asked = Question(
        checked_backends(backends),
        max_schedules,
        max_seconds,
        seed,
        strategy,
        cancellation,
        early_timers,
        races,
        invariant,
        progress,
    )
    if races:
        put_hooks_around(program)
    return Exploring(program, asked).result()


def replay(
    program: AsyncProgram,
    token: str,
    *,
    backend: str = "asyncio",
    races: bool = False,
    invariant: Callable[[], Any] | None = None,
) -> Replayed:
    """Run a program once, under the schedule that a token names.

    Args:
        program: The one that the token was found with.
        token: Of a failure that `explore` has found, on whichever backend.
        backend: `"asyncio"` or `"trio"`.
        races: As for `explore`.
        invariant: As for `explore`.

    Returns:
        What came of it, with the list of its steps. Where the program can't follow the token any more, say
        because it was mended, it goes on in the default order, and `divergence` names the step.

    Raises:
        UsageError: The token is none, or the backend can't be driven. A bad token is a ValueError too.
        TypeError: `program` is no async function without arguments, or the token no str.

    Example:
        >>> async def program():
        ...     return 42
        >>> replay(program, "v1").outcome
        '42'
    """
    if not isinstance(token, str):
        raise TypeError(f"token={token!r}: it has to be a str, as a report names it")
    schedule = Schedule.parse(token)
    refuse_unless_a_program(program)
    checked_backends([backend])
    rules = RunRules(invariant, early_seconds=math.inf, races=races)
    if races:
        put_hooks_around(program)

    def work(broken_off: Callable[[], bool]) -> Replayed:
        with runner_of(program, backend, rules) as runner:
            return replayed_by(runner, schedule)

    return OwnThread(work).result()
