"""Complaint: what asyncio's exception handler was told, which would only have been logged.

It is plain data from the start: a kept exception would keep frames, and with them what else nobody has
asked for its error, which must be told in this run and not in a later one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.report import without_addresses
from anymutex.testing.errortext import raised_of
from anymutex.testing.outcome import first_line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anymutex.testing.choices import TaskId
    from anymutex.testing.errortext import Raised


@dataclass(frozen=True)
class Complaint:
    """One call of the handler."""

    text: str
    """`Task exception was never retrieved: KeyError: 'unseen'`"""
    task: str = ""
    """The name of the task that it is about; empty if it is about none."""
    raised: tuple[Raised, ...] = ()
    """The exceptions that it is about, as far as they were raised in somebody's code."""

    def culprit(self, *names: Mapping[TaskId, str]) -> TaskId | None:
        """Which of the tasks it is about that were called like this; None if that can't be told.

        A task may have had other names: Python 3.11 gives it the one it was started with a moment later.
        """
        alike = {task for named in names for task, name in named.items() if name == self.task}
        return alike.pop() if len(alike) == 1 else None


def complaint_of(context: Mapping[str, Any]) -> Complaint:
    """What is told of a call of the handler with `context`."""
    text = str(context.get("message", "an error"))
    error = context.get("exception")
    if not isinstance(error, BaseException):
        return Complaint(without_addresses(text))
    task = context.get("task") or context.get("future")
    raised = raised_of(error, lambda leaf: "", lambda text: text)
    return Complaint(
        text=without_addresses(f"{text}: {first_line_of(error)}"),
        task=tasks.full_name_of(task) if isinstance(task, asyncio.Task) else "",
        raised=tuple(one for one in raised if one.places),
    )
