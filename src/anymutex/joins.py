"""Joins: a task waits for other tasks to end, which may want what it holds.

Rule 1. Neither loop announces a join, so it is looked for: while somebody queues for a lock of the run, a
        timer looks now and then at locks whose holders have not changed since it last looked. Nothing of
        this is on the path of an acquire.
Rule 2. Only joins without a time limit of their own are followed: the end of a task group (anyio, trio,
        asyncio), `gather`, `asyncio.wait` for all, `await task`.
Rule 3. A timer can't raise in a task, nor can it know the deadline of one. It wakes the waiter with `LOOK`;
        the waiter registers its wait with its deadline, looks for a ring itself, and raises or waits on.

Who joins whom is read from the frames of the suspended task, recognised by public functions; the sets of
children are public on trio (`Task.child_nurseries`, `Nursery.child_tasks`), and on asyncio they are not
(`_tasks` of both task groups, `_children` of a gather): where one is missing, the join is not followed.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from functools import cache
from threading import get_ident
from typing import TYPE_CHECKING, Any

import anyio

from anymutex import probe, rings, stacks, tasks, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FrameType

    from anymutex.tasks import Run, Task
    from anymutex.waits import Queued, Wait

_FIRST, _LAST = 0.05, 0.4  # seconds between two looks: at first, and when nothing has changed for long


LOOK = object()
"""Tells a waiting task to look for a ring that it may be part of."""


class JoinWatch:
    """Looks for joins among the tasks of one run while somebody waits there for a lock.

    Args:
        run: The run; None, where there is none yet, is never watched.
    """

    __slots__ = ("_pause", "_run", "_seen", "is_armed")

    def __init__(self, run: Run) -> None:
        self.is_armed = run is None
        self._run = run
        self._pause = _FIRST
        self._seen: dict[int, list[int]] = {}  # ids alone: it outlives the run

    def arm(self) -> None:
        """Somebody waits. In a driven run the driver sees all there is."""
        if self.is_armed or get_ident() in probe.driven:
            return
        self.is_armed = True
        self._pause = _FIRST
        get_ready()
        if isinstance(self._run, asyncio.AbstractEventLoop):
            self._run.call_later(self._pause, self._tick)
        else:
            tasks.trio_lowlevel().spawn_system_task(self._tick_on_trio, name="anymutex.joins")

    def look(self) -> bool:
        """Wake who may be part of a ring; say whether anybody waits at all."""
        contended = [lock for lock in tuple(waits.contended) if lock.bound().run is self._run]
        holders = {id(lock): [task for task, _ in lock.blockers()] for lock in contended}
        seen = {lock: [id(task) for task in tasks_] for lock, tasks_ in holders.items()}
        stuck = {task for lock in holders if self._seen.get(lock) == seen[lock] for task in holders[lock]}
        self._pause = min(2 * self._pause, _LAST) if stuck else _FIRST
        self._seen = seen
        _wake_suspects(stuck, contended)
        return bool(seen)

    def _tick(self) -> None:
        if self.look():
            self._run.call_later(self._pause, self._tick)
        else:
            self.is_armed = False

    async def _tick_on_trio(self) -> None:
        try:
            while True:
                await sys.modules["trio"].sleep(self._pause)
                if not self.look():
                    return
        finally:
            self.is_armed = False


def _wake_suspects(stuck: set[Task], contended: list[Queued]) -> None:
    """Wake those who are part of a ring through one of the `stuck`, who hold something for long.

    Rings of waits alone are found when they are closed, so each must have one that joins and waits for no
    lock; most hold something and join nobody, and that is all there is to be done about them.
    """
    joiners = [task for task in stuck if task not in waits.waiting and joined_by(task)]
    if joiners:
        everybody = _everybody_who_waits(contended)
        for joiner in joiners:
            for task in _who_waits_for(joiner, everybody):
                ring = rings.find(task, everybody[task], everybody.get, joined_by)
                if ring is not None:
                    unregistered = (link.task for link in ring if link.task not in waits.waiting)
                    _wake({task, *unregistered}, everybody)
                    break


def _who_waits_for(joiner: Task, everybody: dict[Task, Wait]) -> list[Task]:
    """Those whom `joiner` waits for, in any number of steps, and who wait for what it holds itself."""
    seen: set[Task] = set()
    found: list[Task] = []
    ahead = joined_by(joiner)
    while ahead:
        task = ahead.pop()
        if task in seen:
            continue
        seen.add(task)
        wait = everybody.get(task)
        if wait is None:
            ahead += joined_by(task)
            continue
        blockers = [blocker for blocker, _ in wait.wanted.blockers()]
        if joiner in blockers:
            found.append(task)
        ahead += blockers
    return found


def _everybody_who_waits(contended: list[Queued]) -> dict[Task, Wait]:
    """The waits that are registered, and those of all others who queue, as if they had no deadline."""
    queued = {
        task: waits.Wait(lock, ticket, waits.NEVER)
        for lock in contended
        for ticket, task in tuple(lock.queued())
        if not ticket.done()
    }
    return queued | waits.waiting


def _wake(suspects: set[Task], everybody: dict[Task, Wait]) -> None:
    for task in suspects:
        wait = everybody.get(task)
        if wait is not None and not wait.ticket.done():
            wait.wanted.look_around(wait.ticket, task)


def get_ready() -> None:
    """Learn, while a task runs, how to know a join: anyio has no backend in a callback."""
    _joiners(tasks.library.name)


def joined_by(task: Task) -> list[Task]:
    """The tasks that `task` is waiting for to end, all of them."""
    joiners = _joiners(tasks.library.name)
    frames, awaited = stacks.suspended(tasks.coroutine_of(task))
    if any(_is_limited(frame) for frame in frames):
        return []
    for frame in reversed(frames):
        if (children_of := joiners.get(frame.f_code)) is not None:
            return _living(children_of(frame, task))
    return _living(_awaited_tasks(awaited))


def _living(children: Iterable[Any]) -> list[Task]:
    return [child for child in children if _is_task(child) and not tasks.has_ended(child)]


def _is_task(thing: Any) -> bool:
    return isinstance(thing, asyncio.Task) or hasattr(thing, "parent_nursery")


@cache
def _joiners(library: str | None) -> dict[CodeType, Callable[[FrameType, Task], Iterable[Any]]]:
    """The functions in which a task waits for others, each with what tells for whom."""
    if library == "trio":
        manager = type(sys.modules["trio"].open_nursery())
        return {manager.__aexit__.__code__: _children_of_nursery}
    groups = (asyncio.TaskGroup, type(anyio.create_task_group()))
    ends = {group.__aexit__.__code__: _children_of_group for group in groups}
    return ends | {asyncio.wait.__code__: _all_waited_for}


def _children_of_nursery(_frame: FrameType, task: Task) -> Iterable[Any]:
    nurseries = task.child_nurseries
    return tuple(nurseries[-1].child_tasks) if nurseries else ()


def _children_of_group(frame: FrameType, _task: Task) -> Iterable[Any]:
    return tuple(getattr(frame.f_locals.get("self"), "_tasks", ()))


def _all_waited_for(frame: FrameType, _task: Task) -> Iterable[Any]:
    local = frame.f_locals
    limited = local["timeout"] is not None or local["return_when"] != asyncio.ALL_COMPLETED
    return () if limited else tuple(local["fs"])


def _is_limited(frame: FrameType) -> bool:
    """Whether what is awaited there ends by itself; inside or outside of the hold can't be told."""
    return frame.f_code is asyncio.wait_for.__code__ and frame.f_locals["timeout"] is not None


def _awaited_tasks(awaited: object) -> list[Any]:
    """The tasks behind what a coroutine awaits: `await task`, or a gather of several."""
    found: list[Any] = []
    for future in (awaited, *gc.get_referents(awaited)):
        if isinstance(future, asyncio.Task):
            found.append(future)
        elif isinstance(future, asyncio.Future):
            found.extend(getattr(future, "_children", ()))
    return found
