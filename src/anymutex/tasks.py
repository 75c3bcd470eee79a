"""Who is running, its name, its parent and where it was started, on either backend.

Rule 1. trio is asked before asyncio: inside a trio guest run `asyncio.get_running_loop()` succeeds too.
Rule 2. `import anymutex` imports no trio. trio announces itself through sniffio, which it requires.
Rule 3. A *run* is one object per event-loop run, compared by identity: asyncio's loop, trio's root task.
Rule 4. An *actor* is who accesses data: a task (weakly, so that nothing keeps it alive), or else a thread
        (its id), which stands for callbacks too. Two actors are compared with `==`.
Rule 5. Hot paths use `here` and `actor`; everything else in this file is for reports.

`anyio.get_current_task()` would be one call for both backends, but costs 100 times an empty call.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import threading
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from weakref import ref

import anyio
import anyio.lowlevel

from anymutex import stacks, threadframes

try:
    from sniffio import thread_local as _thread_local
except ImportError:  # then trio can't be there either

    class _NoLibrary:
        name: str | None = None

    _thread_local = _NoLibrary()  # type: ignore[assignment]

library = _thread_local  # `library.name` is "trio" inside trio

if TYPE_CHECKING:
    from collections.abc import Callable

# `asyncio.current_task` is C from Python 3.12 on. Before, it is a Python function around this dict, which is
# private, but 3.11 takes no more changes.
_current_task: Callable[[asyncio.AbstractEventLoop], asyncio.Task[Any] | None] = (
    asyncio.current_task if sys.version_info >= (3, 12) else vars(asyncio.tasks)["_current_tasks"].get
)

Task: TypeAlias = Any  # asyncio.Task or trio.lowlevel.Task: they share no base
Run: TypeAlias = Any  # asyncio.AbstractEventLoop or trio.lowlevel.Task
Actor: TypeAlias = "ref[Task] | int"
AnyFunction = TypeVar("AnyFunction", bound="Callable[..., Any]")


_lowlevel: Any = None  # trio.lowlevel, once trio was met
_protected: list[Callable[..., Any]] = []
_unprotected: list[Callable[..., Any]] = []


def here() -> tuple[Run, Task | None]:
    """The run and the task the caller is in; the task is None in a loop callback.

    Raises:
        RuntimeError: no event loop runs in this thread.
    """
    if library.name == "trio":
        return trio_lowlevel().current_root_task(), _trio_task()
    loop = asyncio.get_running_loop()
    return loop, _current_task(loop)


def current() -> Task | None:
    """The running task, or None in a callback or where no event loop runs."""
    try:
        return here()[1]
    except RuntimeError:
        return None


def actor() -> Actor:
    """Who the caller is: the running task, else the thread."""
    if library.name == "trio":
        task = _trio_task()
    else:
        try:
            task = _current_task(asyncio.get_running_loop())
        except RuntimeError:
            task = None
    return get_ident() if task is None else ref(task)


def task_of(who: Actor) -> Task | None:
    """The task that `who` is, or None for a thread or a task that is gone."""
    return None if isinstance(who, int) else who()


def current_run() -> Run | None:
    """The run of this thread, or None."""
    try:
        return here()[0]
    except RuntimeError:
        return None


def asker_of(run: Run) -> Callable[[], Task | None]:
    """The cheapest sound way to ask for the running task of `run`, from inside it."""
    if isinstance(run, asyncio.AbstractEventLoop):
        return partial(_current_task, run)
    return partial(_trio_task_in, run)


def quick_asker_of(run: Run) -> Callable[[], Task | None]:
    """As `asker_of`, but in another run of trio it tells that one's task: enough to compare owners."""
    return asker_of(run) if isinstance(run, asyncio.AbstractEventLoop) else _trio_task


def deadline_asker_of(run: Run) -> Callable[[], float]:
    """The cheapest way to ask, inside `run`, for the effective deadline of the running task."""
    if not isinstance(run, asyncio.AbstractEventLoop):
        return sys.modules["trio"].current_effective_deadline  # type: ignore[no-any-return]
    # The backend's own method: `anyio.current_effective_deadline` finds out anew each time which one to ask.
    return anyio.lowlevel.current_token().backend_class.current_effective_deadline


def ki_protected(function: AnyFunction) -> AnyFunction:
    """Keep trio from raising KeyboardInterrupt between two bytecodes of `function`; free elsewhere.

    trio marks the code object, so this also works for functions already running when trio is first met.
    """
    _protected.append(function)
    if _lowlevel is not None:
        _lowlevel.enable_ki_protection(function)
    return function


def ki_let_in(function: AnyFunction) -> AnyFunction:
    """Let trio raise KeyboardInterrupt again under a protected function: for those that call the user's."""
    _unprotected.append(function)
    if _lowlevel is not None:
        _lowlevel.disable_ki_protection(function)
    return function


def is_over(run: Run) -> bool:
    """Whether nothing of `run` can go on any more; an asyncio loop that stands still may be run again."""
    return run.is_closed() if isinstance(run, asyncio.AbstractEventLoop) else has_ended(run)


def is_running(run: Run) -> bool:
    """Whether `run` goes on right now, in whatever thread."""
    return run.is_running() if isinstance(run, asyncio.AbstractEventLoop) else not has_ended(run)


def has_ended(task: Task) -> bool:
    """Whether `task` has run to its end."""
    if isinstance(task, asyncio.Task):
        return task.done()
    return inspect.getcoroutinestate(task.coro) == inspect.CORO_CLOSED


def backend_of(run: Run) -> str:
    """The name a report gives the backend of `run`."""
    if not isinstance(run, asyncio.AbstractEventLoop):
        return "trio"
    return "asyncio+uvloop" if type(run).__module__.startswith("uvloop") else "asyncio"


def coroutine_of(task: Task) -> object:
    """The outermost coroutine of `task`; None for an eager task that has ended."""
    return task.get_coro() if isinstance(task, asyncio.Task) else task.coro


def name_of(who: Task | Actor) -> str:
    """The name that reports show: without its module, and without the functions it is nested in.

    >>> name_of(threading.get_ident())
    'MainThread'
    """
    if isinstance(who, int):
        return next((thread.name for thread in threading.enumerate() if thread.ident == who), f"thread {who}")
    task = who() if isinstance(who, ref) else who
    if task is None:
        return "a task that is gone"
    return shortened(full_name_of(task))


def full_name_of(task: Task) -> str:
    """The name as the backend has it."""
    name: str = task.get_name() if isinstance(task, asyncio.Task) else task.name
    return name


def described(who: Task | Actor) -> str:
    """`task "read_loop"`, or `thread "MainThread"`."""
    return f'{"thread" if isinstance(who, int) else "task"} "{name_of(who)}"'


def sites_of(who: Actor) -> list[stacks.Site]:
    """Where `who` stands now, suspended or running."""
    if who == actor():
        return stacks.running_sites(sys._getframe(1), _outermost_frame(task_of(who)))
    if isinstance(who, int):
        with threadframes.snapshot() as frames:
            return stacks.running_sites(frames.get(who))
    task = who()
    return [] if task is None else stacks.suspended_sites(coroutine_of(task))


def my_sites() -> list[stacks.Site]:
    """Where the caller stands, down from the start of its task."""
    return sites_of(actor())


def trio_lowlevel() -> Any:
    """The module `trio.lowlevel`; only where trio is known to be there."""
    return _lowlevel or _meet_trio()


def _meet_trio() -> Any:
    global _lowlevel
    _lowlevel = sys.modules["trio"].lowlevel
    for function in _protected:
        _lowlevel.enable_ki_protection(function)
    for function in _unprotected:
        _lowlevel.disable_ki_protection(function)
    return _lowlevel


def _outermost_frame(task: Task | None) -> Any:
    return None if task is None else getattr(coroutine_of(task), "cr_frame", None)


def _trio_task() -> Task | None:
    try:
        return (_lowlevel or _meet_trio()).current_task()
    except RuntimeError:  # an instrument, an abort function or a callback of the run
        return None


def _trio_task_in(run: Run) -> Task | None:
    try:
        return _lowlevel.current_task() if _lowlevel.current_root_task() is run else None
    except RuntimeError:
        return None


def shortened(name: str) -> str:
    """Drop the module that anyio and trio put in front of a function's name; keep names people chose.

    >>> shortened("threading.Thread.run"), shortened("fetch v1.2"), shortened("x.<locals>.worker")
    ('Thread.run', 'fetch v1.2', 'worker')
    """
    name = name.rpartition("<locals>.")[2]
    if not re.fullmatch(r"[\w.]+", name):
        return name
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:count]) in sys.modules:
            return ".".join(parts[count:]) or name
    return name
