"""The driver of asyncio: many runs on one loop, and a new loop where a run has left something behind."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.testing.driven_loop import DrivenLoop
from anymutex.testing.driver import Ended, awaited, driving
from anymutex.testing.unbegun import forgo

if TYPE_CHECKING:
    from anymutex.testing.driver import AsyncProgram
    from anymutex.testing.scheduler import Scheduler


class AsyncioDriver:
    """Drives the real asyncio. One loop for many runs is about twice as fast as a loop each."""

    def __init__(self) -> None:
        self._loop = DrivenLoop()

    def run(self, program: AsyncProgram, scheduler: Scheduler) -> Ended:
        """Run `program` once, to its end or until it is stopped."""
        loop = self._loop
        loop.settle()
        loop.begin(scheduler)
        with driving():
            main = loop.create_task(awaited(program), name="main")
            try:
                loop.run_until_complete(main)
            except BaseException:
                if not (main.done() or scheduler.stopped or loop.error):
                    self._replace_loop()
                    raise  # else the task has it, or we have stopped the loop
            if not loop.error:
                loop.cancel_leftovers()
        ended = self._ended(main, scheduler)
        loop.end()
        if ended.leftovers or loop.error:
            self._replace_loop()
        if loop.error:
            raise loop.error
        return ended

    def close(self) -> None:
        """Close the loop."""
        self._loop.settle()
        self._loop.close()

    def _ended(self, main: asyncio.Task[Any], scheduler: Scheduler) -> Ended:
        left = tuple(tasks.name_of(task) for task in scheduler.alive)
        loop = self._loop
        ended = Ended(blocked=loop.blocked, complaints=tuple(loop.complaints))
        ended = ended._replace(leftovers=left, threads=loop.strangers, has_peer=loop.patience.has_peer)
        if not main.done():
            return ended
        if main.cancelled():
            return ended._replace(error=asyncio.CancelledError("the program was cancelled"))
        error = main.exception()
        return ended._replace(error=error) if error else ended._replace(value=main.result())

    def _replace_loop(self) -> None:
        """`Runner.close` would wait for ever for a task that swallows every cancellation."""
        self._loop.call_exception_handler = lambda context: None  # type: ignore[method-assign]
        for task in asyncio.all_tasks(self._loop):
            if (coroutine := task.get_coro()) is not None:  # of an eager task that has ended it is
                forgo(coroutine)
                with contextlib.suppress(BaseException):
                    coroutine.close()
        self._loop.close()
        self._loop = DrivenLoop()
