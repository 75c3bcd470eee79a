"""Ctrl-C at an exact line of anymutex."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anymutex

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Tracer: TypeAlias = Callable[[FrameType, str, object], "Tracer | None"]

INSIDE = str(Path(anymutex.__file__).parent)


class InterruptAt:
    """A tracer that sends SIGINT before the n-th line that runs inside anymutex."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, argument: object) -> Tracer | None:
        """Follow every frame of anymutex."""
        if not frame.f_code.co_filename.startswith(INSIDE):
            return None
        return self.line

    def line(self, frame: FrameType, event: str, argument: object) -> Tracer | None:
        """Count the lines, and send the signal at the right one."""
        if event == "line":
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
        return self.line
