"""The tasks of asyncio, by public means: whose step a callback is, and how to cancel one task alone."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio


def stepping_task(callback: object) -> asyncio.Task[Any] | None:
    """The task whose step `callback` is. `task.cancel` is no step: it is a method that the type has."""
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return None
    name = getattr(callback, "__name__", None)
    return None if name is not None and hasattr(type(task), name) else task


def cancel_alone(task: asyncio.Task[Any]) -> None:
    """Cancel `task` and no other. `Task.cancel` of a task of anyio's would cancel its whole group."""
    coroutine = task.get_coro()
    frame = getattr(coroutine, "cr_frame", None)
    own = frame.f_locals.get("self") if frame is not None else None
    if isinstance(own, anyio.TaskHandle):
        own.cancel()
    else:
        task.cancel()
