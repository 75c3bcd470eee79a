"""TrioHost: one run of trio for many runs of a program, moved on by plain function calls.

Rule 1. Public API only: it is a guest run, and we are the host loop. Between two runs it stands still.
Rule 2. A run begins when trio has nothing left to do for the one before: finalizers, say.
Rule 3. What outlives its run (a system task, a token of a thread limiter) makes the host unfit for another.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import trio

from anymutex.testing.trioclock import TrioClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import outcome

SETTLING_ROUNDS = 100


class TrioHost:
    """A run of trio that goes on only while `run` is called, with one instrument for all of its runs."""

    def __init__(self, instrument: trio.abc.Instrument) -> None:
        self.clock = TrioClock()
        self.is_fit = True
        """Whether it is as good as new."""
        self._soon: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._job: Callable[[], Awaitable[object]] | None = None
        self._is_closing = False
        self._end: outcome.Outcome[Any] | None = None
        trio.lowlevel.start_guest_run(
            self._serve,
            run_sync_soon_threadsafe=self._soon.put,
            done_callback=self._note_end,
            host_uses_signal_set_wakeup_fd=True,  # signals are none of our business
            clock=self.clock,
            instruments=[instrument],
        )

    def run(self, job: Callable[[], Awaitable[object]]) -> None:
        """Run `job` in trio, to its end."""
        self._job = job
        while self._job is not None and self._end is None:
            self._soon.get()()
        if self._end is not None:
            self.is_fit = False
            self._end.unwrap()

    def close(self) -> None:
        """End the run of trio. What is wrong with it has been told before."""
        self._is_closing = True
        while self._end is None:
            self._soon.get()()

    def _note_end(self, end: outcome.Outcome[Any]) -> None:
        self._end = end

    async def _serve(self) -> None:
        """Do what we are given, until the host is closed."""
        own_tasks = trio.lowlevel.current_statistics().tasks_living
        while not self._is_closing:
            if self._job is not None:
                await self._job()
                self.is_fit = self.is_fit and await _settled(own_tasks)
                self._job = None
            await trio.lowlevel.checkpoint()


async def _settled(own_tasks: int) -> bool:
    """Let finalizers end; whether nothing else is left but our own tasks."""
    for _ in range(SETTLING_ROUNDS):
        statistics = trio.lowlevel.current_statistics()
        if statistics.tasks_living == own_tasks and not statistics.run_sync_soon_queue_size:
            limiter = trio.to_thread.current_default_thread_limiter()
            return not limiter.borrowed_tokens
        await trio.lowlevel.checkpoint()
    return False
