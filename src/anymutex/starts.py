"""Where tasks were started, and by whom.

Rule 1. Known for certain under `record_starts` only, which `anymutex.run` enters.
Rule 2. Without it, trio knows each task's parent; on asyncio a task that iterated over a SharedMap leaves
        its mark in its context, which the tasks that it starts from then on inherit.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from anymutex import stacks
from anymutex.tasks import actor, full_name_of, library, name_of, shortened, task_of, trio_lowlevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.tasks import Actor, Task


class Start(NamedTuple):
    """Where a task was started and by whom."""

    site: stacks.Site
    parent: Actor
    parent_full_name: str | None
    """Shortened only when a report asks: that takes longer than all the rest."""


_iterated: ContextVar[Actor | None] = ContextVar("anymutex_iterated", default=None)
_starts: WeakKeyDictionary[Task, Start] = WeakKeyDictionary()


def start_of(who: Actor) -> Start | None:
    """Where a task was started; known for tasks that were started under `record_starts`."""
    task = task_of(who)
    return None if task is None else _starts.get(task)


def parent_name_of(who: Actor) -> str | None:
    """The name of the task that started `who`, when known."""
    if start := start_of(who):
        return None if start.parent_full_name is None else shortened(start.parent_full_name)
    parent = _trio_parent(who)
    return None if parent is None else name_of(parent)


def parent_of(who: Actor) -> Actor | None:
    """The task, or the thread, that started `who`, when known."""
    start = start_of(who)
    return _trio_parent(who) if start is None else start.parent


def leave_lineage(who: Actor) -> None:
    """Let tasks that the running task starts from now on inherit, in their context, who started them."""
    if _iterated.get() is not who:
        _iterated.set(who)


def how_i_come_from(parent: Actor) -> str | None:
    """How the running task is known to descend from `parent`, as a report says it; None if it isn't known."""
    me = actor()
    if isinstance(me, int) or me == parent:
        return None
    if parent == parent_of(me):
        return "started by the iterating task"
    return "started by the iterating task, or by a task of its" if _iterated.get() == parent else None


@contextmanager
def record_starts() -> Iterator[None]:
    """Record, inside the running loop, where each task is started: about 5 us a task.

    A task factory that somebody installed before is left alone: wrapping it would break eager tasks.
    """
    if library.name == "trio":
        yield from _record_trio_starts()
    else:
        yield from _record_asyncio_starts(asyncio.get_running_loop())


def _record_asyncio_starts(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    if loop.get_task_factory() is not None:
        yield
        return
    factory = _recording_factory_of_unnamed if _renames_unnamed_tasks(loop) else _recording_factory
    loop.set_task_factory(factory)
    try:
        yield
    finally:
        if loop.get_task_factory() is factory:
            loop.set_task_factory(None)


def _renames_unnamed_tasks(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `loop` calls a factory's unnamed task "None", as CPython 3.13.0 does: asked with a stand-in."""
    given: list[str | None] = []
    loop.set_task_factory(lambda *_, **__: SimpleNamespace(set_name=given.append))  # type: ignore[arg-type]
    try:
        loop.create_task(None)  # type: ignore[arg-type]
    finally:
        loop.set_task_factory(None)
    return given == [None]


def _recording_factory_of_unnamed(
    loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
) -> asyncio.Task[Any]:
    task = _recording_factory(loop, coro, **options)
    task.set_name = _FirstName(task)  # type: ignore[method-assign, assignment]
    return task


class _FirstName:
    """Takes the place of a task's `set_name` for the one call by its loop: None leaves the name as it is."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = ref(task)

    def __call__(self, name: str | None) -> None:
        task = self._task()
        if task is not None:
            del task.set_name
            if name is not None:
                task.set_name(name)


def _recording_factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coro, loop=loop, **options)
    _note_start(task)
    return task


def _record_trio_starts() -> Iterator[None]:
    lowlevel = trio_lowlevel()
    recorder = _TrioStarts()
    lowlevel.add_instrument(recorder)
    try:
        yield
    finally:
        lowlevel.remove_instrument(recorder)


class _TrioStarts:
    """A trio Instrument, by its interface alone: trio calls the methods that are there."""

    def task_spawned(self, task: Task) -> None:
        if task.parent_nursery is not None:
            _note_start(task)


def _note_start(task: Task) -> None:
    parent = actor()
    parent_task = task_of(parent)
    name = None if parent_task is None else full_name_of(parent_task)
    _starts[task] = Start(stacks.caller_site(), parent, name)


def _trio_parent(who: Actor) -> Actor | None:
    nursery = getattr(task_of(who), "parent_nursery", None)
    if nursery is None or nursery.parent_task.parent_nursery is None:  # trio's own first task is nobody's
        return None
    return ref(nursery.parent_task)
