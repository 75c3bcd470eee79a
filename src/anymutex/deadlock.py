"""What is told of a deadlock: of one task with itself, and of several in a ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anymutex.report import Report, line_of, stack_lines, with_article

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.stacks import Place


@dataclass(frozen=True)
class SelfDeadlock(Report):
    """A task wants a lock that it holds already, or the other side of one."""

    lock: str
    kind_of_lock: str
    task: str
    held: str
    """What it holds: the same lock, or the reader when it wants the writer."""
    taken: Place
    wanted: tuple[Place, ...]
    fix: tuple[str, ...]
    """The lines that say how to mend it; empty for those about a lock that is not re-entrant."""
    backend: str

    def lines(self) -> Iterator[str]:
        holds = "it holds already" if self.held == self.lock else f"can't be had while it holds {self.held}"
        yield f"a task waits for itself - deadlock! {self.task} wants {self.lock}, which {holds}"
        yield ""
        yield f"{self.task} [holding {self.held}]:"
        yield "  took it at:"
        yield f"      {line_of(self.taken)}"
        yield f"  wants {'it again' if self.held == self.lock else self.lock} at:"
        yield from stack_lines(self.wanted)
        yield ""
        yield f"backend {self.backend}"
        yield ""
        yield from self.fix or self._not_reentrant()

    def _not_reentrant(self) -> Iterator[str]:
        kind = with_article(self.kind_of_lock)
        yield f"fix: {kind} is not re-entrant. Lock in the caller only, and call functions"
        yield f"     that expect the lock to be held (`assert {self.lock}.held()`)"


@dataclass(frozen=True)
class Waiter:
    """One task of a ring: what it holds, what it waits for, and where."""

    who: str
    """`task "transfer x->y"`"""
    holds: str | None
    """The lock that the one before it wants; None if that one waits for the task itself."""
    since: Place | None
    wants: str | None
    """The lock that the next one holds; None if it waits for that task to end."""
    joins: str | None
    """`task "child"`, when it waits for that one to end."""
    places: tuple[Place, ...]
    """From the outermost call to where it waits."""

    @property
    def aim(self) -> str:
        """What it waits for, in one word or so."""
        return self.wants or f"the end of {self.joins}"

    def lines(self) -> Iterator[str]:
        """The task as a paragraph."""
        state = f"holding {self.holds}, waiting for" if self.holds else "waiting for"
        yield f"{self.who} [{state} {self.aim}]:"
        if self.holds and self.since:
            yield f"  held since {line_of(self.since)}"
        if self.places:
            yield f"  {'wants' if self.wants else 'joins'} at {line_of(self.places[-1], 26)}"
        if len(self.places) > 1:
            yield "  called by:"
            yield from stack_lines(self.places[:-1])


@dataclass(frozen=True)
class Deadlock(Report):
    """Several tasks wait for each other in a ring; the last one closed it."""

    waiters: tuple[Waiter, ...]
    backend: str

    def lines(self) -> Iterator[str]:
        last, first = self.waiters[-1], self.waiters[0]
        reason = f"behind {first.who}"
        if first.holds:
            reason = f"which {first.who} holds"
            if first.holds != last.wants:  # the other side of an RWMutex
                reason = f"while {first.who} holds {first.holds}"
        yield f"{len(self.waiters)} tasks are asleep - deadlock! {last.who} wants {last.aim}, {reason}"
        for waiter in self.waiters:
            yield ""
            yield from waiter.lines()
        yield ""
        chain = (f"{waiter.who} -> {waiter.wants}" if waiter.wants else waiter.who for waiter in self.waiters)
        yield f"waits: {' -> '.join(chain)} -> {first.who}"
        yield f"backend {self.backend}"
        yield ""
        yield from self._fix()

    def _fix(self) -> Iterator[str]:
        if any(waiter.joins for waiter in self.waiters):
            yield "fix: let go of the lock before waiting for the tasks that want it, or set a time limit"
            yield "     around that wait: with anyio.fail_after(...): async with create_task_group() ..."
        else:
            yield "fix: take the locks in one order everywhere (several keys at once: KeyedMutex.all_of), or"
            yield "     set a time limit around the inner wait: with anyio.fail_after(...)"


@dataclass(frozen=True)
class OrderSeen:
    """Somebody held one lock, and took or waited for another meanwhile."""

    who: str
    first: str
    second: str
    first_taken: Place
    second_taken: Place
    """Where it was taken, or waited for."""

    def lines(self) -> Iterator[str]:
        """The order as a paragraph."""
        yield f"{self.who} [held {self.first}, wanted {self.second}]:"
        yield f"  held since {line_of(self.first_taken)}"
        yield f"  wanted at {line_of(self.second_taken, 25)}"


@dataclass(frozen=True)
class LockInversion(Report):
    """Locks were taken in orders that may deadlock, though they did not this time."""

    orders: tuple[OrderSeen, ...]

    def lines(self) -> Iterator[str]:
        *others, last = (f"{order.first} before {order.second}" for order in self.orders)
        yield f"lock order inversion: {', '.join(others)}, but {last}"
        for order in self.orders:
            yield ""
            yield from order.lines()
        yield ""
        yield "no deadlock came of it this time"
        yield ""
        yield "fix: take the locks in one order everywhere (several keys at once: KeyedMutex.all_of), or"
        yield "     hold one more lock, always the same, around both"
