"""Rings of tasks that wait for each other: what each holds and wants, and what the one who closes it hears.

Rule 1. A `Stand` is anything that one task holds while others wait for it. A ring is a list of stands: each
        task holds its own one and wants the next. They ask one after the other, so the last closes the ring.
Rule 2. Nothing hangs: `in_time` ends a program by a cancel that no deadline announces, and an alarm ends a
        loop that awaits nothing. Both fail the test.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import anyio
from turns import place, settle

from anymutex import DeadlockError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from anymutex import Guarded, KeyedMutex, Mutex, SharedMap

    Inner: TypeAlias = "Callable[[], Awaitable[object]]"

T = TypeVar("T")
LIMIT = 1.0


# --- no hanging -------------------------------------------------------------------------------------------


async def in_time(program: Callable[[], Awaitable[T]], seconds: float = LIMIT) -> T:
    """Give what `program` returns; a program that takes longer fails. It sees no deadline around it."""

    async def watch() -> None:
        await anyio.sleep(seconds)
        raise AssertionError(f"still waiting after {seconds} s")

    async with anyio.create_task_group() as group:
        group.start_soon(watch, name="watchdog")
        result = await program()
        group.cancel_scope.cancel()
    return result


@contextmanager
def alarm(seconds: float = 20.0) -> Iterator[None]:
    """Fail when the block takes longer, also if it never awaits."""

    def ring(number: int, frame: object) -> None:
        raise AssertionError(f"still busy after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- what a task can hold while others wait for it --------------------------------------------------------


async def nothing() -> None:
    """Do nothing inside."""


class Stand(Protocol):
    """Something that is held over a call, and that another task can want meanwhile."""

    @property
    def held(self) -> str:
        """What a report calls the side that is held."""

    @property
    def wanted(self) -> str:
        """What a report calls the side that is wanted."""

    async def hold(self, inner: Inner) -> None:
        """Call `inner` while it is held."""

    async def want(self) -> None:
        """Take it, and give it back at once."""


@dataclass
class Block:
    """A lock-like that is entered by `async with`; `other` is its other side, if that is what is wanted."""

    held: str
    lock: AbstractAsyncContextManager[Any]
    other: AbstractAsyncContextManager[Any] | None = None
    wanted: str = ""

    def __post_init__(self) -> None:
        self.wanted = self.wanted or self.held

    async def hold(self, inner: Inner) -> None:
        async with self.lock:  # held
            await inner()

    async def want(self) -> None:
        async with self.other or self.lock:  # wanted
            pass


@dataclass
class Called:
    """A lock-like that is taken by `acquire` and given back by `release`."""

    held: str
    lock: Mutex

    @property
    def wanted(self) -> str:
        return self.held

    async def hold(self, inner: Inner) -> None:
        await self.lock.acquire()  # held
        try:
            await inner()
        finally:
            self.lock.release()

    async def want(self) -> None:
        await self.lock.acquire()  # wanted
        self.lock.release()


@dataclass
class Tried(Called):
    """A lock-like that was free when it was tried."""

    async def hold(self, inner: Inner) -> None:
        assert self.lock.try_acquire()  # held
        try:
            await inner()
        finally:
            self.lock.release()

    async def want(self) -> None:
        await self.lock.acquire()  # wanted
        self.lock.release()


@dataclass
class NoWait(Called):
    """A lock-like that was taken by `acquire_nowait`."""

    async def hold(self, inner: Inner) -> None:
        self.lock.acquire_nowait()  # held
        try:
            await inner()
        finally:
            self.lock.release()

    async def want(self) -> None:
        await self.lock.acquire()  # wanted
        self.lock.release()


@dataclass
class Read:
    """A value that is read by some while others want to write it."""

    lock_name: str
    guarded: Guarded[Any]

    @property
    def held(self) -> str:
        return f"{self.lock_name}.reader"

    @property
    def wanted(self) -> str:
        return f"{self.lock_name}.writer"

    async def hold(self, inner: Inner) -> None:
        async with self.guarded.read():  # held
            await inner()

    async def want(self) -> None:
        async with self.guarded:  # wanted
            pass


@dataclass
class AllOf:
    """Several keys of a KeyedMutex at once, of which the others want one."""

    held: str
    keyed: KeyedMutex[str]
    keys: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return self.held

    async def hold(self, inner: Inner) -> None:
        async with self.keyed.all_of(*self.keys):  # held
            await inner()

    async def want(self) -> None:
        async with self.keyed[self.keys[0]]:  # wanted
            pass


@dataclass
class Update:
    """A key of a map while `update_key` works on it."""

    stock: SharedMap[str, int]
    key: str

    @property
    def held(self) -> str:
        return f"{self.stock.name}[{self.key!r}]"

    @property
    def wanted(self) -> str:
        return self.held

    async def hold(self, inner: Inner) -> None:
        async def add(value: int) -> int:
            await inner()
            return value + 1

        await self.stock.update_key(self.key, add, default=0)  # held

    async def want(self) -> None:
        async def add(value: int) -> int:
            return value + 1

        await self.stock.update_key(self.key, add, default=0)  # wanted


@dataclass
class Swap(Update):
    """A key of a map while `update_key` works on it, and others want to swap its value."""

    async def hold(self, inner: Inner) -> None:
        async def add(value: int) -> int:
            await inner()
            return value + 1

        await self.stock.update_key(self.key, add, default=0)  # held

    async def want(self) -> None:
        await self.stock.compare_and_swap(self.key, 1, 2)  # wanted


@dataclass
class Create(Update):
    """A key of a map while its value is created; the others want that value."""

    async def hold(self, inner: Inner) -> None:
        self.stock.pop(self.key, None)

        async def make() -> int:
            await inner()
            return 1

        await self.stock.get_or_create(self.key, make)  # held

    async def want(self) -> None:
        async def make() -> int:
            return 2

        await self.stock.get_or_create(self.key, make)  # wanted


async def warm(stand: Stand) -> None:
    """Let one task want what another holds, so that nothing about it is new any more."""

    async def hold() -> None:
        await stand.hold(settle)

    async with anyio.create_task_group() as group:
        group.start_soon(hold)
        await anyio.lowlevel.checkpoint()
        group.start_soon(stand.want)


# --- rings ------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What came of a ring."""

    errors: dict[str, DeadlockError] = field(default_factory=dict)
    """By the task that got it."""
    let_in: list[str] = field(default_factory=list)
    """The tasks that got what they wanted, while the one that closed the ring still held what it had."""
    got: list[str] = field(default_factory=list)
    """The tasks that got what they wanted, in the end."""


def member(number: int) -> str:
    """Give the name of the task that holds the stand of this number."""
    return f"member {number}"


async def run_ring(stands: Sequence[Stand]) -> Told:
    """Close the ring; who is told of it keeps what it holds for a while, then gives it back."""
    told = Told()
    turns = [anyio.Event() for _ in stands]

    async def stand_in(number: int) -> None:
        async def then_want() -> None:
            await turns[number].wait()
            try:
                await stands[(number + 1) % len(stands)].want()
                told.got.append(member(number))
            except DeadlockError as error:
                told.errors[member(number)] = error
                await settle()
                told.let_in = list(told.got)

        await stands[number].hold(then_want)

    async with anyio.create_task_group() as group:
        for number in range(len(stands)):
            group.start_soon(stand_in, number, name=member(number))
        await settle()
        for turn in turns:
            turn.set()
            await settle()
    return told


async def check_ring(stands: Sequence[Stand]) -> DeadlockError:
    """Close the ring of `stands`, and check all that is promised about it, the report included."""
    told = await run_ring(stands)
    last = member(len(stands) - 1)

    assert [last] == list(told.errors)
    assert [] == told.let_in
    assert [member(number) for number in reversed(range(len(stands) - 1))] == told.got
    for stand in stands:
        await stand.want()  # it is free
    error = told.errors[last]
    check_headline(error, len(stands))
    for number, stand in enumerate(stands):
        following = stands[(number + 1) % len(stands)]
        told_of = paragraph(error, member(number))
        assert stand.held in told_of
        assert following.wanted in told_of
        assert is_since(told_of, place(type(stand).hold, "held"))
        assert is_wanted(told_of, place(type(following).want, "wanted"))
    return error


# --- reports ----------------------------------------------------------------------------------------------


def check_headline(error: DeadlockError, count: int) -> None:
    """Check that the first line is Go's, with the number of tasks."""
    assert f"{count} tasks are asleep - deadlock!" in str(error).splitlines()[0]


def paragraph(error: DeadlockError, task: str) -> str:
    """Give what a report says about one task: from its name to the next task, or an empty line."""
    text = str(error)
    found = re.search(rf'(?m)^task "{re.escape(task)}" .*(?:\n(?!task "|$|waits:).*)*', text)
    assert found, f"nothing about {task} in\n{text}"
    return found.group()


def is_since(text: str, where: str) -> bool:
    """Tell whether a lock is said to be held since `where`."""
    return re.search(rf"\bsince \S*\b{re.escape(where)}\b", text) is not None


def is_wanted(text: str, where: str) -> bool:
    """Tell whether a lock is said to be wanted at `where`."""
    return re.search(rf"\bwants at \S*\b{re.escape(where)}\b", text) is not None


def is_called(text: str, where: str) -> bool:
    """Tell whether a line of the stack, which begins with its place, is `where`."""
    return re.search(rf"(?m)^ +\S*\b{re.escape(where)}\b", text) is not None
