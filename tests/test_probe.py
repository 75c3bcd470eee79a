"""The probe tells everybody who listens, and a listener never harms the program it watches."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING

import pytest

from anymutex import probe
from anymutex.events import LockAcquired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.events import Event

EVENT = LockAcquired(lock="mux", task="reader")


@pytest.fixture(autouse=True)
def nobody_left_behind() -> Iterator[None]:
    """Each test starts and ends with nobody listening."""
    assert probe.listeners == []
    yield
    assert probe.listeners == []


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, str]]:
    """Collect what reaches `sys.unraisablehook`: the object at fault and the exception's text."""
    found: list[tuple[object, str]] = []
    note = found.append
    monkeypatch.setattr(
        "sys.unraisablehook", lambda fault: note((fault.object.listener, str(fault.exc_value)))
    )
    return found


def test_a_listener_gets_every_event_while_it_listens() -> None:
    """Not before the block, not after it."""
    heard: list[Event] = []
    probe.announce(EVENT)
    with probe.listening(heard.append):
        probe.announce(EVENT)
        probe.announce(EVENT)
    probe.announce(EVENT)

    assert heard == [EVENT, EVENT]


def test_listeners_are_told_in_the_order_they_came() -> None:
    """Whoever came first hears first."""
    heard: list[str] = []
    with (
        probe.listening(lambda event: heard.append("first")),
        probe.listening(lambda event: heard.append("second")),
    ):
        probe.announce(EVENT)

    assert heard == ["first", "second"]


def test_the_list_is_changed_in_place() -> None:
    """The primitives bind it by name: another list would be one that nobody looks at."""
    before = probe.listeners
    with probe.listening(lambda event: None):
        assert before is probe.listeners
        assert len(before) == 1


def test_a_listener_that_raises_is_taken_out_and_told_once(complaints: list[tuple[object, str]]) -> None:
    """The program goes on, and so do the other listeners, also for this very event."""
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise ValueError("broken listener")

    with probe.listening(broken), probe.listening(heard.append):
        probe.announce(EVENT)
        probe.announce(EVENT)

    assert complaints == [(broken, "broken listener")]
    assert heard == [EVENT, EVENT]


def test_python_s_own_hook_prints_what_a_listener_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its traceback and the listener's name, and nothing of it is kept."""
    monkeypatch.setattr("sys.unraisablehook", sys.__unraisablehook__)
    kept: list[weakref.ref[BaseException]] = []

    class BrokenError(Exception):
        """Can be referred to weakly."""

    def broken(event: Event) -> None:
        error = BrokenError("broken listener")
        kept.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    gc.disable()
    try:
        with probe.listening(broken):
            probe.announce(EVENT)
    finally:
        gc.enable()
    printed = capsys.readouterr().err

    assert "the probe listener <function" in printed
    assert ", in broken\n" in printed
    assert "BrokenError: broken listener\n" in printed
    assert [error() for error in kept] == [None]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_program_is_not_held_up(error: type[BaseException]) -> None:
    """Ctrl-C inside a listener is Ctrl-C."""

    def interrupted(event: Event) -> None:
        raise error

    with probe.listening(interrupted), pytest.raises(error):
        probe.announce(EVENT)


def test_a_listener_may_leave_while_it_is_told() -> None:
    """Nobody after it is skipped."""
    heard: list[Event] = []

    def once(event: Event) -> None:
        probe.detach(once)

    with probe.listening(once), probe.listening(heard.append):
        probe.announce(EVENT)
        probe.announce(EVENT)

    assert heard == [EVENT, EVENT]


def test_a_listener_leaves_when_its_block_is_left_by_an_exception() -> None:
    """The fixture sees that nobody stays."""
    with pytest.raises(ZeroDivisionError), probe.listening(lambda event: None):
        _ = 1 / 0


def test_detaching_a_stranger_is_no_error() -> None:
    """A listener that raised is out already when its block ends; the others stay."""
    heard: list[Event] = []
    with probe.listening(heard.append):
        before = list(probe.listeners)
        probe.detach(print)

        assert before == probe.listeners


def test_announcers_are_told_when_a_listener_comes_or_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They bind a faster path while nobody listens."""
    monkeypatch.setattr(probe, "_on_change", [])
    counts: list[int] = []
    probe.on_change(lambda: counts.append(len(probe.listeners)))
    with probe.listening(print), probe.listening(repr):
        pass
    probe.detach(print)

    assert counts == [1, 2, 1, 0]


def test_the_probe_keeps_nothing_of_an_event() -> None:
    """What was announced can be collected as if nobody had heard of it."""

    class Lock:
        pass

    lock = Lock()
    trace = weakref.ref(lock)
    with probe.listening(lambda event: None):
        probe.announce(LockAcquired(lock, "reader"))
        del lock
        gc.collect()

        assert trace() is None


def test_nobody_drives_unless_a_driver_says_so() -> None:
    """An ordinary run asks the clock."""
    assert not probe.driven
