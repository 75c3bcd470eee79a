"""RunBound: what every lock knows of the run that uses it.

Rule 1. A lock belongs to one run at a time. It may be made before any, at import time, and begins anew, as
        free as on the first day, in each run that was not the last one to use it.
Rule 2. While the last one goes on, another may take the lock over only in the same thread (a guest run, a
        loop that stands still), and only while nobody holds it. Anything else is refused in plain words.
"""

from __future__ import annotations

from abc import abstractmethod
from threading import Lock, get_ident
from typing import TYPE_CHECKING

from anymutex import stacks, tasks, waits
from anymutex.primitives import complaints
from anymutex.primitives.named import Named
from anymutex.primitives.runfacts import NO_RUN, RunFacts, facts_of
from anymutex.tasks import library

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from anymutex.stacks import Site
    from anymutex.tasks import Run, Task

_binding = Lock()  # two threads may meet at a lock whose last run is over
ON_DEADLOCK = ("raise", "wait")


class RunBound(Named):
    """A named object that tasks use, and the run whose tasks they are.

    Args:
        name: What reports call it, or None to guess.
        fast_acquire: Never yield when it is free.
        deadlock: "raise", or "wait" to let waits for it close a ring and stand.

    Raises:
        ValueError: another word for `deadlock`.
    """

    __slots__ = ("_users_code", "facts", "fast_acquire", "run", "waits_it_out")

    def __init__(self, name: str | None, *, fast_acquire: bool = False, deadlock: str = "raise") -> None:
        super().__init__(name)
        if deadlock not in ON_DEADLOCK:
            raise ValueError(f'deadlock={deadlock!r}: there are "raise" and "wait"')
        self.fast_acquire = fast_acquire
        self.waits_it_out = deadlock == "wait"
        self.run: Run | None = None
        self.facts: RunFacts = NO_RUN
        self._users_code: CodeType | None = None  # the last function that took it, known to be the user's own

    fix_of_reentry = ""
    """How to mend it when a task wants what it holds, if there is more to say than of every lock."""

    @abstractmethod
    def _is_in_use(self) -> bool:
        """Whether some task holds it or waits for it."""

    @abstractmethod
    def _begin(self) -> None:
        """Become free, at the beginning of a run; the one that used it before may not be over."""

    def current_task(self) -> Task:
        """The running task; the lock belongs to its run from now on.

        Raises:
            RuntimeError: no task runs here, or another run is using the lock.
        """
        facts = self.facts
        if (
            get_ident() == facts.thread
            and library.name == facts.sign
            and (task := facts.current()) is not None
        ):
            return task
        return self.enter_run()

    def enter_run(self) -> Task:
        """As `current_task`, when what is known of the run may not be true any more."""
        try:
            run, task = tasks.here()
        except RuntimeError:
            run, task = None, None
        if task is None:
            raise RuntimeError(complaints.no_task(self))
        if run is not self.run:
            with _binding:
                self._bind(run)
        return task

    def is_over(self) -> bool:
        """Whether nothing can go on any more in the run that used it, or none has used it yet."""
        return self.run is None or tasks.is_over(self.run)

    def is_stale(self) -> bool:
        """Whether what the fields say belongs to another run than the one that asks."""
        run = tasks.current_run()
        if run is not None:
            return run is not self.run
        return self.is_over()

    def caller(self) -> Task | None:
        """The running task if it is one of the run, else None: for comparing with an owner."""
        return self.facts.who() if get_ident() == self.facts.thread else None

    def users_site(self, caller: FrameType) -> Site:
        """Where the user's code, which called or is behind `caller`, stands."""
        code = caller.f_code
        if code is self._users_code:
            return code, caller.f_lasti
        if not stacks.is_machinery(code.co_filename):  # else an AsyncExitStack, say
            self._users_code = code
        return stacks.caller_site()

    def _bind(self, run: Run) -> None:
        if self.run is not None:
            if not tasks.is_over(self.run):
                self._refuse_shared()
            else:
                waits.forget_run(self.run)
        self._begin()
        self.run, self.facts = run, facts_of(run)

    def _refuse_shared(self) -> None:
        thread = self.facts.thread
        in_other_thread = thread != get_ident() and tasks.is_running(self.run)
        if in_other_thread or self._is_in_use():
            raise RuntimeError(complaints.shared(self, self.run, thread))
