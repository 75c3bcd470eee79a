"""What each task of a run that is stuck waits for, and who holds it, read from the suspended frames.

Rule 1. Any primitive will do: what a task waits for is named by the library's function that it called, and by
        the variable that leads to it.
Rule 2. Who holds a lock is known of what has public `statistics()` with an `owner` (anymutex, anyio, trio),
        of what has `blockers()` (anymutex), and of asyncio's locks where the run was watched (`things.py`).
Rule 3. Who joins others (the end of a task group, `await task`, `gather`) waits for those of them that live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from anymutex import stacks, tasks, waits
from anymutex.joins import joined_by
from anymutex.testing.awaitedtext import awaited_text
from anymutex.testing.things import Things, identity_of_owner, is_lock, is_ours, kind_of, library_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from anymutex.stacks import Place
    from anymutex.testing.choices import TaskId
    from anymutex.testing.scheduler import Scheduler

DEEPEST = 12  # calls of one stack, the innermost ones


class Blocked(NamedTuple):
    """One task that stands still, as plain data."""

    task: TaskId
    places: tuple[Place, ...]
    """From the outermost call to the user's own innermost one."""
    wants: str
    """The function of a library that it is in: `Lock.acquire`; empty if nothing is known."""
    words: str = ""
    """`waiting for mu (anyio.Lock)`"""
    aim: str = ""
    """What a lock that it wants is called; empty if it waits for something else."""
    owners: tuple[TaskId, ...] = ()
    """Who has to go on first: those who hold what it waits for, or who have to end."""
    is_join: bool = False
    """Whether it waits for the end of its owners."""
    holds: tuple[str, ...] = ()
    """The locks that it holds, as far as that is known."""


def look_around(scheduler: Scheduler) -> tuple[Blocked, ...]:
    """Where all tasks of the run stand."""
    things = getattr(scheduler.observer, "things", None) or Things()
    by_identity = scheduler.by_identity
    return tuple(look_at(task, scheduler.id_of(task), by_identity, things) for task in scheduler.alive)


def ring_in(blocked: Sequence[Blocked]) -> list[Blocked]:
    """The tasks that wait for each other in a ring, if there is one: the shortest, the first of several."""
    by_id = {one.task: one for one in blocked}
    rings = [ring for first in blocked if (ring := _ring_from(first, by_id))]
    return min(rings, key=len, default=[])


def look_at(task: Any, task_id: TaskId, by_identity: dict[int, TaskId], things: Things) -> Blocked:
    """Where `task` stands, what it waits for there, and what it holds."""
    frames, _ = stacks.suspended(tasks.coroutine_of(task))
    blocked = stand_of(frames, task_id, by_identity, things)
    joined = sorted(by_identity[id(child)] for child in joined_by(task) if id(child) in by_identity)
    if joined:
        blocked = blocked._replace(words="waiting for the end of", owners=tuple(joined), is_join=True)
    return blocked._replace(holds=held_by(task, task_id, things))


def stand_of(
    frames: list[FrameType], task_id: TaskId, by_identity: dict[int, TaskId], things: Things
) -> Blocked:
    """Where the frames of a suspended task stand, and what thing it waits for there."""
    own = [index for index, frame in enumerate(frames) if not stacks.is_machinery(frame.f_code.co_filename)]
    called = frames[own[-1] + 1 :] if own else frames
    places = tuple(things.place_of(stacks.site_of(frames[index])) for index in own[-DEEPEST:])
    text = awaited_text(frames[own[-1]]) if own else ""
    return _with_thing(Blocked(task_id, places, _wanted(called)), called, text, by_identity, things)


def held_by(task: Any, task_id: TaskId, things: Things) -> tuple[str, ...]:
    """The names of the locks that `task` holds, as far as that is known."""
    return (*waits.labels_held_by(ref(task)), *things.held_by(task_id))


def holders(scheduler: Scheduler, things: Things) -> dict[TaskId, Any]:
    """The tasks that live and hold a lock, as far as that is known, in the order of their ids."""
    holding = {scheduler.id_of(task) for task in waits.tasks_holding() if scheduler.knows(task)}
    living = holding.union(filter(scheduler.lives, things.holders()))
    return {task_id: scheduler.task_of(task_id) for task_id in sorted(living)}


def _with_thing(
    blocked: Blocked, called: list[FrameType], text: str, by_identity: dict[int, TaskId], things: Things
) -> Blocked:
    """It waits for something: a lock, an event, a queue, a sleep."""
    thing, method = _called_thing(called)
    if thing is None:
        words = (
            f"waiting in {blocked.wants}" if blocked.wants else f"waiting for {text}" if text else "waiting"
        )
        return blocked._replace(words=words)
    name, kind = things.name_of(thing, text.removesuffix(f".{method}")), kind_of(thing)
    if is_ours(thing) or is_lock(thing):
        words = f"waiting for {name} ({kind})" if name else f"waiting for {kind}"
        return blocked._replace(words=words, aim=name or kind, owners=_owners_of(thing, by_identity, things))
    call = f"{name}.{method} ({kind})" if name else f"{kind}.{method}"
    return blocked._replace(words=f"waiting in {call}")


def _called_thing(called: list[FrameType]) -> tuple[Any, str]:
    """The object of a library one of whose methods the user's code called, and that method.

    A private one nobody has called: the loop itself has, to run a task that has no code of the user's.
    """
    method = ""
    thing = None
    for frame in called:
        it = frame.f_locals.get("self")
        if it is None or not library_of(it) or (thing and it is not thing):
            break
        thing, method = it, frame.f_code.co_name
        if not method.startswith("_"):
            break
    return (thing, method) if method[:1] != "_" or method[:2] == "__" else (None, "")


def _owners_of(lock: Any, by_identity: dict[int, TaskId], things: Things) -> tuple[TaskId, ...]:
    if is_ours(lock):
        found = [by_identity.get(id(task)) for task, _ in lock.blockers()]
    else:
        found = [by_identity.get(identity_of_owner(lock) or 0) or things.holder_of(lock)]
    return tuple(dict.fromkeys(owner for owner in found if owner is not None))


def _ring_from(first: Blocked, by_id: dict[TaskId, Blocked]) -> list[Blocked]:
    """The shortest way that leads from `first` to itself."""
    ways: list[list[Blocked]] = [[first]]
    seen = set()
    for way in ways:  # grows while it is gone through: breadth first
        for owner in way[-1].owners:
            if owner == first.task:
                return way
            if owner in by_id and owner not in seen:
                seen.add(owner)
                ways.append([*way, by_id[owner]])
    return []


def _wanted(frames: list[FrameType]) -> str:
    """The library's function that the user's code called; for `async with lock` the one inside it."""
    names = [frame.f_code.co_qualname for frame in frames]
    for name in names:
        owner, _, method = name.rpartition(".")
        if method == "__aexit__":
            return f"the end of its {owner}"
        if not method.startswith("_"):
            return name
    return next(iter(names), "")
