"""RunBound: what every lock knows of the run that uses it.

Rule 1. A lock belongs to one run at a time. It may be made before any, at import time, and begins anew, as
        free as on the first day, in each run that was not the last one to use it.
Rule 2. While the last one goes on, another may take the lock over only in the same thread (a guest run, a
        loop that stands still), and only while nobody holds it. Anything else is refused in plain words.
Rule 3. What can be found out once a run is found out here, so that hot paths ask the least.
"""

from __future__ import annotations

from abc import abstractmethod
from threading import Lock, get_ident
from typing import TYPE_CHECKING

import anyio

from anymutex import tasks
from anymutex.primitives import complaints
from anymutex.primitives.budget import Budget, thread_budget
from anymutex.primitives.named import Named

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.tasks import Run, Task

_binding = Lock()  # two threads may meet at a lock whose last run is over


class RunBound(Named):
    """A named object that tasks use, and the run whose tasks they are."""

    __slots__ = ("_budget", "_current", "_deadline", "_run", "_sign", "_thread", "who")

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self._run: Run | None = None
        self._thread = 0
        self._sign: str | None = None  # what sniffio says in tasks of that run
        self._current: Callable[[], Task | None] = tasks.current
        self._deadline: Callable[[], float] = anyio.current_effective_deadline
        self._budget: Budget = thread_budget()
        self.who: Callable[[], Task | None] = tasks.current  # to compare with an owner, see `quick_asker_of`

    @abstractmethod
    def _is_in_use(self) -> bool:
        """Whether some task holds it or waits for it."""

    @abstractmethod
    def _begin(self, last_run: Run | None) -> None:
        """Become free, at the beginning of a run; `last_run` used it before, and may not be over."""

    def _enter_run(self) -> Task:
        """The running task; the lock belongs to its run from now on.

        Raises:
            RuntimeError: no task runs here, or another run is using the lock.
        """
        try:
            run, task = tasks.here()
        except RuntimeError:
            run, task = None, None
        if task is None:
            raise RuntimeError(complaints.no_task(self))
        if run is not self._run:
            with _binding:
                self._bind(run)
        return task

    def _bind(self, run: Run) -> None:
        if self._run is not None and not tasks.is_over(self._run):
            self._refuse_shared()
        self._begin(self._run)
        self._run, self._thread, self._sign = run, get_ident(), tasks.library.name
        self._current = tasks.asker_of(run)
        self._deadline = tasks.deadline_asker_of(run)
        self._budget = thread_budget()
        self.who = tasks.quick_asker_of(run)

    def _refuse_shared(self) -> None:
        in_other_thread = self._thread != get_ident() and tasks.is_running(self._run)
        if in_other_thread or self._is_in_use():
            raise RuntimeError(complaints.shared(self, self._run, self._thread))

    def _is_stale(self) -> bool:
        """Whether what the fields say belongs to another run than the one that asks."""
        run = tasks.current_run()
        return run is not self._run if run is not None else tasks.is_over(self._run)
