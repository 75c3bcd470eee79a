"""SIGTERM unwinds a program as a cancellation would; a second one kills it.

Rule 1. Only the main thread, and only while nobody else handles SIGTERM: a program's own handler stays.
Rule 2. The handler is Python's own, not the loop's (`loop.add_signal_handler`): that one would never run in a
        loop that a busy step has frozen, and then not even the second SIGTERM could end the program.
Rule 3. What was there before is there afterwards.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import anyio

    from anymutex.doors.backends import Backend


class Terminated(SystemExit):
    """The program was unwound because SIGTERM came. Leaves with 143, as a shell reports it."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class SigtermWatch:
    """Cancels a scope at the first SIGTERM and remembers that it came."""

    def __init__(self) -> None:
        self.came = False

    @contextmanager
    def cancelling(self, scope: anyio.CancelScope, backend: Backend) -> Iterator[None]:
        """Keep watch for the length of a block inside the loop; do nothing where rule 1 forbids it."""
        if not _may_handle_sigterm():
            yield
            return
        call_soon = _call_soon(backend)

        def unwind(signum: int, frame: object) -> None:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self.came = True
            call_soon(scope.cancel)

        signal.signal(signal.SIGTERM, unwind)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGTERM) is unwind:  # the program may have put its own there
                signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _may_handle_sigterm() -> bool:
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def _call_soon(backend: Backend) -> Callable[[Callable[[], object]], object]:
    """What lets a signal handler run something in the loop that runs now, waking it if it sleeps."""
    if backend.anyio_name == "trio":
        import trio

        return trio.lowlevel.current_trio_token().run_sync_soon
    return asyncio.get_running_loop().call_soon_threadsafe
