"""What a lock says when it can't do what is asked: each names the culprit and the way out.

The same words on every backend. `lock` is the lock itself, for its name and its kind.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from anymutex import stacks, tasks
from anymutex.deadlock import SelfDeadlock
from anymutex.report import versioned, with_article

if TYPE_CHECKING:
    from typing import Protocol

    from anymutex.stacks import Site
    from anymutex.tasks import Run, Task

    class Named(Protocol):
        """What a complaint is about."""

        @property
        def label(self) -> str: ...
        @property
        def kind(self) -> str: ...


def shared(lock: Named, run: Run, thread: int) -> str:
    """Two runs want one lock at the same time."""
    return (
        f'{lock.label} is in use by the {tasks.backend_of(run)} run of thread "{tasks.name_of(thread)}", and '
        f"was used from {_this_thread()}: {with_article(lock.kind)} orders the tasks of one run. "
        "Between threads use threading.Lock, or go back to the run with anyio.from_thread.run"
    )


def no_task(lock: Named) -> str:
    """A callback, or a thread without an event loop, wants the lock."""
    return (
        f"{lock.label} was used where no task runs ({_this_thread()}): "
        f"{with_article(lock.kind)} is held by a task. From a worker thread call anyio.from_thread.run, "
        "from a callback start a task"
    )


def not_held(lock: Named, owner: Task | None, taken: Site) -> str:
    """Released by somebody who does not hold it; Go's words for a lock that is free."""
    task = tasks.current()
    asker = tasks.described(task) if task else f"no task ({_this_thread()})"
    if owner is None:
        return f"unlock of unlocked mutex: {lock.label} is free, and {asker} released it"
    holder = f"{tasks.described(owner)} holds it since {stacks.place_of(taken)}{_hint(lock, owner)}"
    return f"unlock by a task that does not hold it: {asker} released {lock.label}, but {holder}"


def not_the_writer(lock: Named) -> str:
    """`downgrade` by a task that does not write."""
    task = tasks.current()
    asker = tasks.described(task) if task else f"no task ({_this_thread()})"
    return f"downgrade by a task that does not write: {asker} does not hold {lock.label}.writer"


def owner_ended(lock: Named, owner: Task, taken: Site) -> str:
    """The task that held it has ended."""
    return (
        f"{tasks.described(owner)} ended while it held {lock.label}, taken at {stacks.place_of(taken)}: "
        f"what the lock guards may be half done{_hint(lock, owner)}. "
        "fix: release in the task that acquired (`async with`)"
    )


def self_deadlock(lock: Named, task: Task, taken: Site, *, held: str = "", fix: str = "") -> SelfDeadlock:
    """The task wants what it holds; or holds what it calls `held`, with which it can't have `lock`."""
    return SelfDeadlock(
        lock=lock.label,
        kind_of_lock=lock.kind,
        task=tasks.described(task),
        held=held or lock.label,
        taken=stacks.place_of(taken),
        wanted=stacks.places_of(tasks.my_sites()),
        fix=tuple(fix.splitlines()),
        backend=versioned(tasks.backend_of(tasks.current_run())),
    )


def _hint(lock: Named, owner: Task) -> str:
    """Guess the cause when the lock's `acquire` was the whole of the owner's coroutine."""
    acquire = getattr(type(lock), "acquire", None)
    if getattr(tasks.coroutine_of(owner), "cr_code", None) is not getattr(acquire, "__code__", lock):
        return ""
    return (
        " (acquire() ran in a task of its own: create_task, gather, and asyncio.wait_for before Python "
        "3.12 do that; use `with anyio.fail_after(...)` for a time limit)"
    )


def _this_thread() -> str:
    return f'thread "{threading.current_thread().name}"'
