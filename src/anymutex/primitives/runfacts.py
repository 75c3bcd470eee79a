"""RunFacts: what is found out once about a run, so that the hot paths of locks ask the least."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

import anyio

from anymutex import tasks, waits
from anymutex.holdings import Holdings
from anymutex.joins import JoinWatch
from anymutex.primitives.budget import thread_budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.tasks import Run, Task


class RunFacts:
    """The same for every lock of one run.

    Args:
        run: The run that goes on in this thread, or None for locks that no run has used yet.
    """

    __slots__ = ("__weakref__", "budget", "current", "deadline", "holdings", "joins", "sign", "thread", "who")

    def __init__(self, run: Run | None) -> None:
        self.thread = 0 if run is None else get_ident()
        self.sign = None if run is None else tasks.library.name  # what sniffio says in tasks of that run
        self.budget = thread_budget()
        self.holdings = Holdings() if run is None else waits.holdings_of(run)
        self.joins = JoinWatch(run)
        # Who runs; the second one is only for comparing with an owner, see `quick_asker_of`.
        self.current: Callable[[], Task | None] = tasks.current if run is None else tasks.asker_of(run)
        self.who: Callable[[], Task | None] = tasks.current if run is None else tasks.quick_asker_of(run)
        self.deadline: Callable[[], float] = (
            anyio.current_effective_deadline if run is None else tasks.deadline_asker_of(run)
        )


NO_RUN = RunFacts(None)
# The facts know their run, so nothing that lives as long as that may keep them: the locks that it uses do.
_known: WeakKeyDictionary[Run, ref[RunFacts]] = WeakKeyDictionary()


def facts_of(run: Run) -> RunFacts:
    """What is known of `run`, which goes on in this thread."""
    known = _known.get(run)
    facts = None if known is None else known()
    if facts is None or facts.thread != get_ident() or facts.sign != tasks.library.name:
        facts = RunFacts(run)
        _known[run] = ref(facts)
    return facts
