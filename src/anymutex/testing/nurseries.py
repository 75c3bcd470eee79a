"""What is to be known of the nurseries of a trio task before it is made to end.

Rule 1. A task whose nursery has children can't end before them: they come first.
Rule 2. A task that stands in the wait for the end of its children is woken when none is left, and then closes
        its nursery. An exception that is thrown in there leaves the nursery open for ever, which breaks the
        books of trio. It has to go on by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from anymutex import stacks

if TYPE_CHECKING:
    from trio.lowlevel import Task

INNERMOST = 3  # frames: the nursery's wait, and the two of trio's own in which it stands


def children_of(task: Task) -> list[Task]:
    """The tasks in the nurseries of `task`."""
    return [child for nursery in task.child_nurseries for child in nursery.child_tasks]


def leaf_below(task: Task) -> Task:
    """A task without children, below `task`; itself if it has none."""
    while children := children_of(task):
        task = children[0]
    return task


def stands_in_nursery(task: Task) -> bool:
    """Whether `task` stands in the wait for the end of its children, or goes on from there."""
    frames, _ = stacks.suspended(task.coro.inner)  # type: ignore[attr-defined]  # our shim
    return any(isinstance(frame.f_locals.get("self"), trio.Nursery) for frame in frames[-INNERMOST:])
