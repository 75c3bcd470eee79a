"""Tracebacks as the program's author wants them: from the first line of the program on.

Rule 1. Only what stands *around* the program goes: the event loop, anyio and anymutex that called it. What
        the program itself called stays, also inside a library.
Rule 2. A group's traceback ends where the program's does: behind that are the task group's own frames.
Rule 3. A traceback without any line of the program stays whole: better too much than nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.stacks import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


def trim(error: BaseException) -> None:
    """Take the machinery out of the tracebacks of `error`, of its causes and contexts, and of its members."""
    for each in _all_within(error, set()):
        is_group = isinstance(each, BaseExceptionGroup)
        frames = list(_frames_of(each.__traceback__))
        each.__traceback__ = _linked(_of_program(frames, is_group=is_group) or frames)


def _all_within(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *members):
        yield from _all_within(other, seen)


def _frames_of(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _of_program(frames: list[TracebackType], *, is_group: bool) -> list[TracebackType]:
    programs = [i for i, frame in enumerate(frames) if not is_machinery(frame.tb_frame.f_code.co_filename)]
    if not programs:
        return []
    return frames[programs[0] : programs[-1] + 1 if is_group else None]


def _linked(frames: list[TracebackType]) -> TracebackType | None:
    following: TracebackType | None = None
    for frame in reversed(frames):
        frame.tb_next = following
        following = frame
    return following
