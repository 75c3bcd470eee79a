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

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias
from weakref import ref

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
    doomed: set[None] = set()
    watcher = ref(doomed, _Complaint(listener, error))
    del error  # or its traceback would keep it, by way of this frame
    del doomed  # the callback raises
    del watcher


class _Complaint:
    """A callback of a weak reference: Python itself hands what it raises to `sys.unraisablehook`.

    The hook can't be called by hand: the default one takes nothing but arguments that Python made.
    """

    def __init__(self, listener: Listener, error: Exception) -> None:
        self.listener = listener
        self._errors = [error]

    def __call__(self, _: object) -> None:
        raise self._errors.pop()  # kept nowhere: its traceback knows this frame

    def __repr__(self) -> str:
        return f"anymutex: the probe listener {self.listener!r}, which was detached"
