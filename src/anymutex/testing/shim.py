"""Shim: what stands in front of a trio task's coroutine, and lets a step through or parks the task."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from anymutex.testing.unbegun import forgo

if TYPE_CHECKING:
    from anymutex.testing.gate import Gate

KILLS = 20  # so often a task may go on although it was told to end


class Shim(Coroutine[Any, Any, Any]):
    """In front of the coroutine of a task: parks the task where the gate does not admit it."""

    def __init__(self, gate: Gate, task: trio.lowlevel.Task, inner: Coroutine[Any, Any, Any]) -> None:
        self.inner = inner
        self._gate = gate
        self._task = task
        self._is_parked = False
        self._held: Any = None
        self._kills = 0

    def __getattr__(self, name: str) -> Any:
        """Look like the coroutine: `trio.Lock` asks for its state, and reports for its frames."""
        return getattr(self.inner, name)

    def send(self, value: Any) -> Any:
        if self._is_parked:
            value, self._held, self._is_parked = self._held, None, False
        elif not self._gate.admits(self._task):
            self._held, self._is_parked = value, True
            return _PARK
        if self._gate.is_condemned(self._task):
            return self._end()
        return self.inner.send(value)

    def throw(self, *args: Any) -> Any:
        return self.inner.throw(*args)

    def close(self) -> None:
        forgo(self.inner)
        self.inner.close()

    def __await__(self) -> Any:
        return self.inner.__await__()

    def _end(self) -> Any:
        """Make the coroutine end. It may await on its way out, as an open task group has to.

        That is why `close`, or throwing GeneratorExit, is only the last resort: both forbid it.
        """
        if forgo(self.inner):
            raise EndNow
        self._kills += 1
        if self._kills < KILLS:
            return self.inner.throw(EndNow())
        with suppress(RuntimeError):
            self.inner.close()
        raise StopIteration


class EndNow(BaseException):
    """What no program catches by name."""


def _not_now(raise_cancel: Any) -> trio.lowlevel.Abort:
    """A parked task can run anyway, and will meet its cancellation then."""
    return trio.lowlevel.Abort.FAILED


def _parking() -> Any:
    """What a coroutine tells trio in `wait_task_rescheduled`; it is the same each time."""
    wait = trio.lowlevel.wait_task_rescheduled(_not_now)  # noqa: ASYNC105  # by hand
    message = wait.send(None)
    wait.close()
    return message


_PARK = _parking()
