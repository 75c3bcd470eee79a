"""The one socket where events are announced; free while nobody listens.

Rule 1. `listeners` is one list for the life of the process: modules may bind it by name, so it is changed
        in place and never replaced. Announcers ask `if listeners:` before they build an event.
Rule 2. A listener never harms the program it watches: one that raises is taken out and its exception goes
        to `sys.unraisablehook`, in one piece and once.
Rule 3. `driven` has the thread of each driver of schedules at work: there no clock is asked, and every
        acquire is a choice. It is one set for the life of the process, as `listeners` is one list.

Go's counterpart is `internal/race`, which the mutex calls behind `if race.Enabled`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anymutex.events import Event

    Listener: TypeAlias = Callable[[Event], object]

listeners: list[Listener] = []
driven: set[int] = set()  # by `threading.get_ident`
_on_change: list[Callable[[], None]] = []


def announce(event: Event) -> None:
    """Tell every listener of `event`."""
    for listener in tuple(listeners):
        try:
            listener(event)
        except Exception as error:
            detach(listener)
            _complain(listener, error)


def attach(listener: Listener) -> None:
    """Let `listener` be called with every event from now on, in the thread that caused it."""
    listeners.append(listener)
    _tell_announcers()


def detach(listener: Listener) -> None:
    """Stop calling `listener`; one that is not attached is no error."""
    if listener in listeners:
        listeners.remove(listener)
        _tell_announcers()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Keep `listener` attached for the length of a block."""
    attach(listener)
    try:
        yield
    finally:
        detach(listener)


def on_change(announcer: Callable[[], None]) -> None:
    """Call `announcer` when a listener comes or goes, for those who bind faster paths while none is there."""
    _on_change.append(announcer)


def _tell_announcers() -> None:
    for announcer in _on_change:
        announcer()


def _complain(listener: Listener, error: Exception) -> None:
    unraisable: Any = SimpleNamespace(
        exc_type=type(error),
        exc_value=error,
        exc_traceback=error.__traceback__,
        err_msg="anymutex: a probe listener raised and was detached",
        object=listener,
    )
    sys.unraisablehook(unraisable)
