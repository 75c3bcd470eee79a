"""Make loop after loop, which look at the frames of all threads, while threads come, go and make garbage.

Run it by `python benchmarks/soak_threadframes.py [--seconds S] [--unguarded]`. With `--unguarded` the frames
are asked for as `sys._current_frames` gives them, with the collector on: CPython 3.11.7 then dies of a
segmentation fault, or hangs, within a minute; 3.12 does not.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING

from anymutex import threadframes
from anymutex.testing.driven_loop import DrivenLoop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextlib.contextmanager
def unguarded() -> Iterator[dict[int, FrameType]]:
    """What `threadframes.snapshot` guards against."""
    yield sys._current_frames()


def make_garbage() -> None:
    """Something that only the collector finds."""
    loop: list[object] = []
    loop.append(loop)


def come_and_go(is_over: threading.Event) -> None:
    """Start one short thread after the other."""

    def live_shortly() -> None:
        threading.Event().wait(0.0001)
        make_garbage()

    while not is_over.is_set():
        thread = threading.Thread(target=live_shortly)
        thread.start()
        thread.join()


def change_frames(is_over: threading.Event) -> None:
    """Be always in another frame: of a generator, of a coroutine, of an `__init__`."""

    async def coroutine() -> None:
        """Never started."""

    while not is_over.is_set():
        list(number for number in range(5))  # noqa: C400 - a generator has a frame of its own
        coroutine().close()
        with warnings.catch_warnings():
            pass


def main() -> None:
    """Look for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--unguarded", action="store_true")
    options = parser.parse_args()
    if options.unguarded:
        threadframes.snapshot = unguarded
    sys.setswitchinterval(1e-5)
    is_over = threading.Event()
    for work in (come_and_go, come_and_go, change_frames):
        threading.Thread(target=work, args=(is_over,), daemon=True).start()
    looks, end = 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        DrivenLoop().close()
        looks += 1
    is_over.set()
    print(f"Python {sys.version.split()[0]}: {looks} looks in {options.seconds:g} s, no crash, no hang")


if __name__ == "__main__":
    main()
