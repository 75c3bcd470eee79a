"""`every_schedule`: an async test function that is run under many schedules.

Rule 1. What pytest and the other plugins get is a plain sync function: nobody but us runs its coroutine.
Rule 2. The backend is one more keyword, `anyio_backend`, of which pytest makes a test each. Whoever calls the
        function without it gets them all.
Rule 3. pytest is not imported: where it is to read a mark, it is loaded already.
"""

from __future__ import annotations

import inspect
import sys
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, overload

from anymutex.runningtest import EXPLORED
from anymutex.testing.exploredtest import ExploredTest
from anymutex.testing.explorer import explore
from anymutex.testing.question import Question
from anymutex.testing.repetition import Repeatable, by_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    AsyncTest = Callable[..., Awaitable[None]]
    SyncTest = Callable[..., None]

BACKEND = "anyio_backend"


@overload
def every_schedule(function: AsyncTest, /) -> SyncTest: ...
@overload
def every_schedule(**options: Any) -> Callable[[AsyncTest], SyncTest]: ...
def every_schedule(
    function: AsyncTest | None = None, /, **options: Any
) -> SyncTest | Callable[[AsyncTest], SyncTest]:
    """Make an async test function one that is run under many schedules, on each backend.

    What comes out is a plain sync function. pytest makes a test for each backend of it, `[asyncio]` and
    `[trio]`; a direct call, or a method of a `unittest.TestCase`, explores on all of them. It works with
    `parametrize`, sync fixtures, classes, pytest-xdist, and under the auto modes of anyio and pytest-asyncio.
    Hypothesis' `@given` stands above it (with `deadline=None`: many runs take their time).

    The fixtures of a test are computed once, not once for each schedule: what the schedules must not share
    is made in the function itself. It runs in a thread of its own, so that a fixture which is bound to its
    thread, such as a sqlite3 connection, is of no use there. Async fixtures are refused: they belong to
    another event loop.

    Args:
        function: The async test function, if the decorator stands without arguments.
        **options: The keyword arguments of `explore`. Those of pytest's command line go first:
            `--schedules`, `--schedule-seconds`, `--cancellation`; `--replay TOKEN` runs one schedule.

    Returns:
        The sync function. It raises `ScheduleError`, whose text is the report, when a schedule fails. Under
        pytest the token of that schedule is kept in the cache, and tried first the next time.

    Raises:
        TypeError: The function is not async, or an option is unknown or of a wrong type.
        UsageError: A backend can't be driven, or a number makes no sense.

    Don't use it where one run tells enough: a thousand schedules take about as long as a thousand tests.

    Example:
        >>> import anyio
        >>> @every_schedule(max_schedules=200)
        ... async def test_lost_update():
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
        >>> test_lost_update()
        Traceback (most recent call last):
            ...
        anymutex.testing.failure.ScheduleError: AssertionError: counted 1
        ...
    """
    backends = _checked(options)
    if function is None:
        return partial(_explored, options=options, backends=backends)
    return _explored(function, options, backends)


def _checked(options: dict[str, Any]) -> tuple[str, ...]:
    """The backends; bad options raise here, where the test is defined."""
    bound = inspect.signature(explore).bind(None, **options)
    bound.apply_defaults()
    asked = {name: value for name, value in bound.arguments.items() if name != "program"}
    backends = asked["backends"]
    asked["backends"] = (backends,) if isinstance(backends, str) else tuple(backends)
    return Question(**asked).backends


def _explored(function: AsyncTest, options: dict[str, Any], backends: tuple[str, ...]) -> SyncTest:
    _refuse_unless_async(function)
    own = inspect.signature(function)
    takes_backend = BACKEND in own.parameters
    signature = own if takes_backend else _with_backend(function, own)
    repetition = by_call(f"{function.__qualname__}.__wrapped__", races=options.get("races", False))

    @wraps(function)
    def test(*args: Any, **keywords: Any) -> None:
        __tracebackhide__ = True
        is_direct = not takes_backend and _fits(own, args, keywords)
        bound = (own if is_direct else signature).bind(*args, **keywords)
        backend = bound.arguments.get(BACKEND)
        if not takes_backend:
            bound.arguments.pop(BACKEND, None)
        program = Repeatable(partial(function, *bound.args, **bound.kwargs), repetition)
        ExploredTest(program, (backend,) if backend else backends, options).run()

    test.__signature__ = signature  # type: ignore[attr-defined]
    setattr(test, EXPLORED, True)
    return _for_each_backend(test, backends)


def _refuse_unless_async(function: object) -> None:
    name = getattr(function, "__qualname__", repr(function))
    if hasattr(function, "hypothesis"):
        raise TypeError(f"{name}: @given has to stand above @every_schedule, not below")
    if not callable(function):
        raise TypeError(
            f"every_schedule takes keywords, as in @every_schedule(max_schedules=200), not {name}"
        )
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"@every_schedule is for async functions, and {name} is none: write `async def`")


def _fits(signature: inspect.Signature, args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    try:
        signature.bind(*args, **keywords)
    except TypeError:
        return False
    return BACKEND not in keywords


def _with_backend(function: AsyncTest, signature: inspect.Signature) -> inspect.Signature:
    """One more parameter: the first one, for Hypothesis fills in the last ones."""
    parameters = list(signature.parameters.values())
    is_method = "." in function.__qualname__.rpartition("<locals>.")[2]
    added = inspect.Parameter(BACKEND, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return signature.replace(
        parameters=[*parameters[:is_method], added, *parameters[is_method:]], return_annotation=None
    )


def _for_each_backend(test: SyncTest, backends: tuple[str, ...]) -> SyncTest:
    pytest = sys.modules.get("pytest")
    if pytest is None:
        return test
    marked: SyncTest = pytest.mark.parametrize(BACKEND, backends, scope="module")(test)
    return marked
