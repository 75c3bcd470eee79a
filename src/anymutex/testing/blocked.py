"""What each task of a run that is stuck waits for, and who holds it, read from the suspended frames.

Rule 1. Any primitive will do: what a task waits for is named by the library's function that it called.
Rule 2. Who holds it is known of what has public `statistics()` with an `owner`: the locks of anymutex, anyio
        and trio. asyncio's own locks have no owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex import stacks, tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from anymutex.stacks import Place
    from anymutex.testing.choices import TaskId
    from anymutex.testing.scheduler import Scheduler


class Blocked(NamedTuple):
    """One task that stands still, as plain data."""

    task: TaskId
    places: tuple[Place, ...]
    """From the outermost call to the user's own innermost one."""
    wants: str
    """`Lock.acquire`; empty if nothing is known."""
    owner: TaskId | None
    """Who holds what it waits for."""


def look_around(scheduler: Scheduler) -> tuple[Blocked, ...]:
    """Where all tasks of the run stand."""
    by_identity = {id(task): scheduler.id_of(task) for task in scheduler.alive}
    return tuple(_look_at(scheduler.id_of(task), task, by_identity) for task in scheduler.alive)


def ring_in(blocked: Sequence[Blocked]) -> list[Blocked]:
    """The tasks that wait for each other in a ring, if there is one whose every owner is known."""
    by_id = {one.task: one for one in blocked}
    for first in blocked:
        chain: list[Blocked] = []
        current: Blocked | None = first
        while current is not None and current not in chain:
            chain.append(current)
            current = by_id.get(current.owner) if current.owner else None
        if current is first:
            return chain
    return []


def _look_at(task_id: TaskId, task: Any, by_identity: dict[int, TaskId]) -> Blocked:
    frames, _ = stacks.suspended(tasks.coroutine_of(task))
    own = [index for index, frame in enumerate(frames) if not stacks.is_machinery(frame.f_code.co_filename)]
    called = frames[own[-1] + 1 :] if own else frames
    places = stacks.places_of([stacks.site_of(frames[index]) for index in own])
    return Blocked(task_id, places, _wanted(called), _owner_in(called, by_identity))


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


def _owner_in(frames: Iterable[FrameType], by_identity: dict[int, TaskId]) -> TaskId | None:
    for frame in frames:
        owner = _owner_of(frame.f_locals.get("self"))
        if owner is not None:  # a TaskInfo of anyio has the identity of the task as its `id`
            return by_identity.get(getattr(owner, "id", id(owner)))
    return None


def _owner_of(primitive: object) -> object:
    try:
        return primitive.statistics().owner  # type: ignore[attr-defined]
    except Exception:  # whatever it is, it is no lock that knows its owner
        return None
