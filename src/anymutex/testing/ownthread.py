"""Work in a thread of its own, that can be broken off."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

try:
    from sniffio import current_async_library_cvar as _library_here
except ImportError:  # then nothing is noted in a context
    _library_here = contextvars.ContextVar[Any]("no library")

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

POLL = 0.1  # seconds: a wait without a timeout can't be interrupted everywhere
GRACE = 1.0  # seconds for the work to notice that it was broken off


class OwnThread(Generic[T]):
    """Calls `work` in a new thread: no event loop runs there, whatever runs here.

    The context variables are those of the caller, but for the one in which anyio and trio note what runs.

    Args:
        work: Is given a question that it asks now and then: was I broken off?
    """

    def __init__(self, work: Callable[[Callable[[], bool]], T]) -> None:
        self._work = work
        self._broken_off = threading.Event()
        self._is_done = threading.Event()  # `join` takes a thread for ended when Ctrl-C interrupts it (3.11)
        self._value: list[T] = []
        self._error: BaseException | None = None

    def result(self) -> T:
        """Wait for the work, and give what it gave or raise what it raised. Ctrl-C breaks it off.

        A work that never asks is left behind: the thread is a daemon and does not keep the process.
        """
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._call,), name="anymutex.explore", daemon=True
        )
        thread.start()
        try:
            while not self._is_done.wait(POLL):
                pass
        except BaseException:
            self._broken_off.set()
            self._is_done.wait(GRACE)
            raise
        thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]

    def _call(self) -> None:
        _library_here.set(None)
        try:
            self._value.append(self._work(self._broken_off.is_set))
        except BaseException as error:
            self._error = error
        finally:
            self._is_done.set()
