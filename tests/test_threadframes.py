"""Where the other threads stand: each of them is there, and nothing is collected meanwhile."""

# The house style is `assert expected == actual`.

from __future__ import annotations

import gc
import threading
import traceback
from contextlib import suppress

import pytest

from anymutex import threadframes


@pytest.fixture
def _collector() -> object:
    """Leave it as it was."""
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.usefixtures("_collector")
@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("error", [None, RuntimeError])
def test_the_collector_rests_meanwhile(is_on: bool, error: type[Exception] | None) -> None:
    """And is as it was afterwards, also after an error."""
    (gc.enable if is_on else gc.disable)()

    with suppress(RuntimeError), threadframes.snapshot():
        inside = gc.isenabled()
        if error:
            raise error

    assert inside is False
    assert is_on == gc.isenabled()


@pytest.mark.usefixtures("_collector")
def test_two_threads_look_one_after_the_other() -> None:
    """The second does not take the collector for switched off by the program."""
    gc.enable()
    seen: list[bool] = []

    def look() -> None:
        with threadframes.snapshot():
            seen.append(gc.isenabled())

    with threadframes.snapshot():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(0.05)
        waited = not seen
    thread.join()

    assert waited
    assert seen == [False]
    assert gc.isenabled()


def test_every_thread_is_there() -> None:
    """By its ident, with the frame where it stands."""
    began, may_end = threading.Event(), threading.Event()

    def waits_here() -> None:
        began.set()
        may_end.wait()

    thread = threading.Thread(target=waits_here)
    thread.start()
    began.wait()
    with threadframes.snapshot() as frames:
        names = {frame.f_code.co_name for frame, _ in traceback.walk_stack(frames[thread.ident or 0])}
    may_end.set()
    thread.join()

    assert "waits_here" in names
