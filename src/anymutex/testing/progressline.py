"""ProgressLine: how far an exploration has come, on a terminal.

Rule 1. It is written behind what the line shows already, and the cursor goes back to where it was: whoever
        writes next overwrites it.
Rule 2. It is never longer than the rest of the line; the terminal would scroll, and the cursor be lost.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from anymutex.testing.progress import Progress

KEEP, CLEAR, BACK = "\x1b7", "\x1b[K", "\x1b8"  # the cursor; what is right of it


class ProgressLine:
    """Shows the last `Progress` on a terminal.

    Args:
        write: Writes a text to the terminal, at once.
        column: How much of its line is taken.
    """

    def __init__(self, write: Callable[[str], object], column: int = 0) -> None:
        self._write = write
        self._room = shutil.get_terminal_size().columns - column - 1

    def show(self, progress: Progress) -> None:
        """Write it in the place of the one before."""
        self._put(progress_text(progress)[: max(self._room, 0)])

    def clear(self) -> None:
        """Leave nothing."""
        self._put("")

    def _put(self, text: str) -> None:
        self._write(f"{KEEP}{CLEAR}{text}{BACK}")


def progress_text(progress: Progress) -> str:
    """In a few words.

    >>> from anymutex.testing.progress import Progress
    >>> progress_text(Progress("trio", 1200, 2.0, "bounded"))
    'trio: 1,200 schedules, 600/s, bounded so far'
    """
    rate = progress.schedules / progress.seconds if progress.seconds else 0.0
    return f"{progress.backend}: {progress.schedules:,} schedules, {rate:,.0f}/s, {progress.verdict} so far"


@contextmanager
def shown_on(terminal: TextIO | None) -> Iterator[Callable[[Progress], None] | None]:
    """Give what shows the progress there for the length of a block; None if it is no terminal."""
    if terminal is None or not terminal.isatty():
        yield None
        return
    line = ProgressLine(partial(print, end="", file=terminal, flush=True))
    try:
        yield line.show
    finally:
        line.clear()


@contextmanager
def shown_by_pytest(config: pytest.Config) -> Iterator[Callable[[Progress], None] | None]:
    """The same on the line that pytest writes, past its capturing; not with `-q`, nor in a worker."""
    past_capturing = _past_capturing(config)
    if (
        config.get_verbosity() < 0
        or hasattr(config, "workerinput")
        or not past_capturing(lambda: sys.stderr.isatty())
    ):
        yield None
        return
    line = ProgressLine(
        lambda text: past_capturing(lambda: print(text, end="", file=sys.stderr, flush=True)),
        config.get_terminal_writer().width_of_current_line,
    )
    try:
        yield line.show
    finally:
        line.clear()


def _past_capturing(config: pytest.Config) -> Callable[[Callable[[], object]], object]:
    capture: Any = config.pluginmanager.get_plugin("capturemanager")

    def call(function: Callable[[], object]) -> object:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            return function()

    return call
