"""Where the other threads stand, read while they run.

Rule 1. No collection of garbage meanwhile. To look at a frame of another thread, and at what called it, makes
        objects. In CPython 3.11 a collection may begin there and run finalizers; another thread goes on in
        them, and all threads hang, or a frame is read that has ended
        (https://github.com/python/cpython/issues/106883). `benchmarks/soak_threadframes.py` shows it.
Rule 2. No frame is kept: those of the caller are among them, and would keep each other.
Rule 3. One thread at a time, for the collector is switched off for all of them.
"""

from __future__ import annotations

import gc
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_one_at_a_time = threading.Lock()


@contextmanager
def snapshot() -> Iterator[dict[int, FrameType]]:
    """The innermost frame of every thread, by its ident; to be looked at inside of the block alone.

    Example:
        >>> with snapshot() as frames:
        ...     frames[threading.get_ident()].f_code.co_name
        'snapshot'
    """
    with _one_at_a_time:
        was_enabled = gc.isenabled()
        gc.disable()
        frames = sys._current_frames()
        try:
            yield frames
        finally:
            frames.clear()
            if was_enabled:
                gc.enable()
