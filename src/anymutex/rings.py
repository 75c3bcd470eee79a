"""Rings of waits: the search for one, and what a report tells of it.

Rule 1. A ring is a deadlock if none of its waits ends by itself. All that a task waits for must come true (a
        writer waits for each of the readers), so one way round is enough.
Rule 2. A wait ends by itself if its deadline is earlier than the one the task had when it took what the ring
        holds it for: then a time limit was set around the wait and inside the hold. The time limit of a
        whole request is around both and excuses nothing.
Rule 3. A task may be in the ring without holding anything: it is joined by the one before (`joins.py`), or
        it stands ahead in a queue. Its deadline counts against the last hold before it.

The graph is the wait-for graph of database systems (Coffman, Elphick, Shoshani: System Deadlocks, 1971), in
which each task waits for one thing at a time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from anymutex import stacks, tasks, waits
from anymutex.deadlock import Deadlock, Waiter
from anymutex.report import versioned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from anymutex.holdings import Hold
    from anymutex.tasks import Task
    from anymutex.waits import Wait

    JoinedBy: TypeAlias = Callable[[Task], Iterable[Task]]


class Link(NamedTuple):
    """One task of a ring, the one before it in the search, and why that one can't go on."""

    task: Task
    hold: Hold | None
    """What it holds that the one before it wants; None if that one joins it or queues behind it."""
    before: Link | None
    wait: Wait | None
    """What it waits for itself; None if it joins the next one."""

    def excuse(self) -> float:
        """The deadline before which a wait must end to excuse the ring, see rule 2."""
        link: Link | None = self
        while link is not None:
            if link.hold is not None:
                return link.hold.deadline
            link = link.before
        return waits.UNKNOWN

    def path(self) -> list[Link]:
        """From the first one to this one."""
        links: list[Link] = []
        link: Link | None = self
        while link is not None:
            links.append(link)
            link = link.before
        return links[::-1]


def nobody(_task: Task) -> Iterable[Task]:
    """Joins are not looked for."""
    return []


def find(
    task: Task,
    wait: Wait,
    wait_of: Callable[[Task], Wait | None],
    joined_by: JoinedBy = nobody,
) -> list[Link] | None:
    """The ring that `task` closes by `wait`: the tasks from the first that is in its way to itself.

    Args:
        task: Who begins to wait, or waits.
        wait: What for.
        wait_of: Tells what another task waits for, if it is known to wait.
        joined_by: Tells which tasks another one, which waits for no lock, waits for to end.
    """
    if not _leads_back(task, wait, wait_of, joined_by):
        return None
    seen: set[Task] = set()
    ahead = _next_links(wait, None)
    while ahead:
        link = ahead.pop()
        if link.task is task:
            ring = link._replace(wait=wait).path()
            if not any(_ends_by_itself(one, link) for one in [wait, *_waits_before_any_hold(ring)]):
                return ring
        elif link.task not in seen:
            its_wait = wait_of(link.task)
            if its_wait is None or its_wait.ticket.done():
                joined = link._replace(wait=None)
                ahead += [Link(child, None, joined, None) for child in joined_by(link.task)]
            elif _ends_by_itself(its_wait, link):
                continue
            else:
                ahead += _next_links(its_wait, link._replace(wait=its_wait))
            seen.add(link.task)
    return None


def _leads_back(task: Task, wait: Wait, wait_of: Callable[[Task], Wait | None], joined_by: JoinedBy) -> bool:
    """Whether there is any way round, excused or not: a long chain of waits is gone through at each wait."""
    seen: set[Task] = set()
    ahead = [blocker for blocker, _ in wait.wanted.blockers()]
    while ahead:
        found = ahead.pop()
        if found is task:
            return True
        if found not in seen:
            seen.add(found)
            its_wait = wait_of(found)
            if its_wait is None or its_wait.ticket.done():
                ahead += joined_by(found)
            else:
                ahead += [blocker for blocker, _ in its_wait.wanted.blockers()]
    return False


def _waits_before_any_hold(ring: list[Link]) -> list[Wait]:
    """Those that count against the hold of the last link: the ring has no other before them."""
    before = itertools.takewhile(lambda link: link.hold is None, ring[:-1])
    return [link.wait for link in before if link.wait is not None]


def _next_links(wait: Wait, before: Link | None) -> list[Link]:
    return [Link(task, hold, before, None) for task, hold in wait.wanted.blockers()]


def _ends_by_itself(wait: Wait, link: Link) -> bool:
    return wait.wanted.bound().waits_it_out or wait.deadline < link.excuse()


def report_of(ring: list[Link]) -> Deadlock:
    """What is to be told, by the task that closes the ring, which is the last one of it."""
    return Deadlock(
        waiters=tuple(_waiter(ring, place) for place in range(len(ring))),
        backend=versioned(tasks.backend_of(tasks.current_run())),
    )


def _waiter(ring: list[Link], place: int) -> Waiter:
    link, following = ring[place], ring[(place + 1) % len(ring)]
    return Waiter(
        who=tasks.described(link.task),
        holds=link.hold.label if link.hold else None,
        since=stacks.place_of(link.hold.taken) if link.hold else None,
        wants=link.wait.wanted.label if link.wait else None,
        joins=None if link.wait else tasks.described(following.task),
        places=stacks.places_of(tasks.sites_of(ref(link.task))),
    )
