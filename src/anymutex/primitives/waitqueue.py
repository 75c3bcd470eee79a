"""The FIFO queue in which tasks wait, in front of every lock of anymutex.

Rule 1. Strict FIFO: who came first is woken first. Nobody is woken twice.
Rule 2. A waiting task awaits its ticket. It ends in one of three ways: woken with None, woken with news of
        another kind, or left by itself (cancelled, closed), after which the waiter must `leave`. News is no
        exception: that would be raised in a frame that keeps it.
Rule 3. Leaving costs the same at any place of a queue of any length: a ticket that was given up is `done`,
        is passed over when its turn comes, and swept out when many of them have gathered.
Rule 4. Who is only to look around (`renew`) keeps its place: from that moment another ticket stands there,
        which may be done before the task has come to await it.
Rule 5. Waking is synchronous and never raises, even when the waiter's loop is gone.

A ticket is what asyncio calls a Future; on asyncio it is one, and `TrioTicket` has its three methods. Why
not an `anyio.Event` a waiter: 896 bytes each on asyncio, and a checkpoint of its own when it is set already.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from anymutex import tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from anymutex.tasks import Run, Task
    from anymutex.waits import Ticket


class TrioTicket:
    """Parks the running task with trio's own primitive."""

    __slots__ = ("_done", "_is_parked", "_result", "_task")

    def __init__(self, task: Task = None) -> None:
        self._task: Task = task or tasks.current()
        self._done = self._is_parked = False
        self._result: object = None

    def __await__(self) -> Generator[Any, Any, object]:
        if self._done:
            return self._result
        self._is_parked = True
        yield from tasks.trio_lowlevel().wait_task_rescheduled(self._abort).__await__()
        return self._result

    def done(self) -> bool:
        return self._done

    def set_result(self, result: object, /) -> None:
        self._done = True
        self._result = result
        if self._is_parked:
            tasks.trio_lowlevel().reschedule(self._task)

    def cancel(self) -> None:
        self._done = True

    def _abort(self, _raise_cancel: object) -> object:
        self._done = True
        return tasks.trio_lowlevel().Abort.SUCCEEDED


def ticket_maker(run: Run) -> Callable[[], Ticket]:
    """What makes tickets for the tasks of `run`."""
    return partial(asyncio.Future, loop=run) if isinstance(run, asyncio.AbstractEventLoop) else TrioTicket


class WaitQueue:
    """Tickets in the order they were drawn, each with its task.

    Args:
        run: The run whose tasks wait here.
    """

    __slots__ = ("_left", "_renewed", "draw", "waiting")

    def __init__(self, run: Run) -> None:
        self.draw = ticket_maker(run)
        self.waiting: deque[tuple[Ticket, Task]] = deque()
        self._left = 0  # how many have left since the last sweep
        self._renewed: dict[Ticket, Ticket] = {}  # woken to look around -> what stands in its place

    def __len__(self) -> int:
        return sum(not ticket.done() for ticket, _ in self.waiting)

    def first(self) -> tuple[Ticket, Task] | None:
        """Who is next, if anybody still waits."""
        while self.waiting:
            if not self.waiting[0][0].done():
                return self.waiting[0]
            self.waiting.popleft()
        return None

    def renew(self, ticket: Ticket, task: Task, news: object) -> None:
        """Wake `task` with `news`, and let another ticket stand in its place."""
        fresh = TrioTicket(task) if isinstance(ticket, TrioTicket) else self.draw()
        self._renewed[ticket] = fresh
        place = next(place for place, entry in enumerate(self.waiting) if entry[0] is ticket)
        self.waiting[place] = (fresh, task)
        ticket.set_result(news)

    def present(self, ticket: Ticket) -> Ticket:
        """What stands in the place of `ticket` now, for the task to take over."""
        return self._renewed.pop(ticket, ticket) if self._renewed else ticket

    def leave(self, ticket: Ticket) -> None:
        """Give `ticket` up, wherever it stands; one that is out already is no error."""
        with suppress(RuntimeError):  # its loop is closed
            ticket.cancel()
        self._left += 1
        if self._left > _FEW and self._left * 2 > len(self.waiting):
            self.waiting = deque(entry for entry in self.waiting if not entry[0].done())
            self._left = 0


def wake(ticket: Ticket, result: object = None) -> None:
    """Let the task that awaits `ticket` go on."""
    if ticket.done():
        return
    try:
        ticket.set_result(result)
    except RuntimeError:  # its loop is closed: nobody is left to be woken
        return


_FEW = 16
