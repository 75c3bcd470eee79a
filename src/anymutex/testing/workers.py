"""Workers: the threads that the tasks of a run wait for, and with them the driver.

Rule 1. A worker runs in real time, and meanwhile no task goes on and the clock stands still: so the order of
        steps depends on no thread. Two workers never overlap.
Rule 2. A worker is known by its task, which stands in the library's own wait for it: in anyio's or trio's
        `to_thread.run_sync`, seen in its suspended frames, or by the future of an executor's job.
Rule 3. A worker that waits for the loop itself, in a `Future.result()` as `anyio.from_thread.run` and
        `asyncio.run_coroutine_threadsafe` do, is not waited for: else neither would ever go on.
Rule 4. One that is not back after `PATIENCE` real seconds can't be driven. It may wait for a task, in a way
        that nobody can see, or never end.
Rule 5. A thread that the program starts by itself is a stranger: nobody knows what it will do, and when. One
        that runs an event loop, as a blocking portal has it, is at work even while that loop is idle.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from inspect import CO_GENERATOR
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from anymutex import stacks, threadframes
from anymutex.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

PATIENCE = 10.0
POLL = 0.002  # real seconds: so often we look whether a worker waits for the loop

_WAITING_FOR_THE_LOOP = Future.result.__code__
_WORKER_CALLS: set[CodeType] = {anyio.to_thread.run_sync.__code__}
_LOOPS: set[CodeType] = {asyncio.BaseEventLoop.run_forever.__code__}
try:
    import trio
except ModuleNotFoundError:  # trio is an extra
    pass
else:
    _WORKER_CALLS.add(trio.to_thread.run_sync.__code__)
    _LOOPS.add(trio.run.__code__)


class Workers:
    """What is known of the workers of a run, and of the threads that work beside it."""

    def __init__(self) -> None:
        # What was at work before is not ours. What was idle may be: both loops keep their threads for others.
        with threadframes.snapshot() as frames:
            self._others = {ident for ident, frame in frames.items() if _is_at_work(frame)}
        self._tasks: set[Any] = set()
        self._jobs: set[asyncio.Future[Any]] = set()
        self._impatient_at = 0.0

    def begin(self) -> None:
        """A run begins: it has none yet."""
        self._tasks.clear()
        self._jobs.clear()

    def note_blocked(self, task: Any, coroutine: object) -> None:
        """`task` has taken a step, and waits for something now."""
        if _is_at_worker(coroutine):
            self._tasks.add(task)
            self._be_patient()

    def note_awake(self, task: Any) -> None:
        """`task` waits no longer: its worker has answered, or asks something of the loop."""
        if task in self._tasks:
            self._tasks.discard(task)
            self._be_patient()

    def note_job(self, job: asyncio.Future[Any]) -> None:
        """An executor has a job whose end is told by `job`."""
        self._jobs.add(job)
        self._be_patient()

    @property
    def are_there(self) -> bool:
        """Whether any task has a worker."""
        return bool(self._tasks or self._jobs)

    def are_running(self) -> bool:
        """Whether one of them has to be waited for.

        Raises:
            UsageError: It has been waited for long enough.
        """
        self._jobs = {job for job in self._jobs if not job.done()}
        with self._own_threads() as threads:
            waiting = sum(_waits_for_the_loop(frame) for _, frame in threads)
        if len(self._tasks) + len(self._jobs) <= waiting:
            self._be_patient()
            return False
        if time.monotonic() > self._impatient_at:
            raise UsageError(self._complaint())
        return True

    def strangers(self) -> tuple[str, ...]:
        """The names of the threads at work that are nobody's workers, and were not there before."""
        if self.are_there:
            return ()
        with self._own_threads() as threads:
            return tuple(thread.name for thread, frame in threads if _is_at_work(frame))

    def _be_patient(self) -> None:
        self._impatient_at = time.monotonic() + PATIENCE

    @contextmanager
    def _own_threads(self) -> Iterator[list[tuple[threading.Thread, FrameType]]]:
        with threadframes.snapshot() as frames:
            others = self._others | {threading.get_ident()}
            threads = [one for one in threading.enumerate() if one.ident not in others]
            yield [(one, frames[one.ident]) for one in threads if one.ident in frames]

    def _complaint(self) -> str:
        with self._own_threads() as threads:
            sites = [stacks.site_of(own) for _, frame in threads if (own := _own_frame(frame))]
        where = ", ".join(str(stacks.place_of(site)) for site in sites)
        return (
            "explore can't drive a worker thread that does not come back: it has been at work for "
            f"{PATIENCE:g} seconds{where and ' at '}{where}. No task goes on while a worker runs, so it must "
            "not wait for one, unless by anyio.from_thread or run_coroutine_threadsafe"
        )


def _is_at_worker(coroutine: object) -> bool:
    """Whether the innermost call but one is that of a worker: the innermost one waits for its answer."""
    outer: Any = None
    inner: Any = None
    awaited = coroutine
    while type(awaited) is CoroutineType:  # this is asked after most steps, and nearly always that is all
        outer, inner, awaited = inner, awaited, awaited.cr_await
    if _hides_more(awaited):
        frames, _ = stacks.suspended(coroutine)
        codes = [frame.f_code for frame in frames if not frame.f_code.co_flags & CO_GENERATOR]
        return len(codes) > 1 and codes[-2] in _WORKER_CALLS
    return outer is not None and outer.cr_code in _WORKER_CALLS


def _hides_more(awaitable: object) -> bool:
    """Whether calls go on in what is no plain coroutine: an async generator, say, or an `__await__`."""
    if type(awaitable) is GeneratorType:
        return awaitable.gi_yieldfrom is not None
    return type(awaitable) is AsyncGeneratorType or stacks.is_wrapper(awaitable)


def _waits_for_the_loop(frame: FrameType | None) -> bool:
    """Whether a thread stands in the `result()` of a future that is not done yet."""
    while frame is not None:
        if frame.f_code is _WAITING_FOR_THE_LOOP:
            future = frame.f_locals.get("self")  # which it forgets on its way out
            return future is not None and not future.done()
        frame = frame.f_back
    return False


def _is_at_work(frame: FrameType | None) -> bool:
    """Whether a thread does something of somebody's own, or runs an event loop."""
    return _own_frame(frame) is not None or _runs_a_loop(frame)


def _runs_a_loop(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _LOOPS:
            return True
        frame = frame.f_back
    return False


def _own_frame(frame: FrameType | None) -> FrameType | None:
    """Where a thread stands in somebody's own code; None if it is idle, and waits for work."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not stacks.is_machinery(file) and file != queue.__file__:
            return frame
        frame = frame.f_back
    return None
