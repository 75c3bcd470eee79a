"""Our own stdout and stderr when nobody reads them any more: `anymutex run FILE | head -n 2` ends silently.

Rule 1. A `BrokenPipeError` of the program's own sockets is none of this: the streams themselves are asked.
Rule 2. Output that nobody reads is let go into the null device, else Python complains about it at exit.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


def output_is_broken() -> bool:
    """Whether stdout or stderr has lost its reader."""
    return any(_has_lost_reader(stream) for stream in _streams())


def flush() -> None:
    """Bring out what is still buffered.

    Raises:
        BrokenPipeError: nobody reads it.
    """
    for stream in _streams():
        stream.flush()


def let_go() -> None:
    """Bring out what is still buffered: to the reader, or into the null device where there is none."""
    for stream in _streams():
        try:
            stream.flush()
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None and not stream.closed]


def _has_lost_reader(stream: TextIO) -> bool:
    """Ask the descriptor: POLLERR on the writing end of a pipe means that the reading end is closed."""
    if not hasattr(select, "poll"):  # Windows has no SIGPIPE manners to keep
        return False
    with suppress(OSError, ValueError):  # no descriptor: a stream in memory
        poller = select.poll()
        poller.register(stream.fileno(), 0)
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in poller.poll(0))
    return False
