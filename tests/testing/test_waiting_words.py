"""What is said of a task that waits: for what, by which name, held by whom; on either backend."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio

from anymutex import KeyedMutex, Mutex, RWMutex
from anymutex.testing import explore
from anymutex.testing.failure import FailingSchedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Wait = Callable[[Any], Awaitable[object]]


@dataclass(slots=True)
class Shop:
    """Something with things in it, as deep as they come."""

    counter: Any = field(default_factory=anyio.Lock)
    bell: Any = field(default_factory=anyio.Event)
    shelves: Any = field(default_factory=list)


def states(program: Callable[[], Awaitable[object]], backend: str) -> dict[str, str]:
    """Give what the report says of each task that stands still, by the name of the first one of them."""
    failure = explore(program, backends=[backend]).failure
    assert failure is not None
    assert failure.kind == "deadlock"
    assert isinstance(failure.details, FailingSchedule)
    assert failure.details.standstill is not None
    stuck = failure.details.standstill.stuck
    return {who.split('"')[1]: one.state for one in stuck for who in one.who}


async def event(shop: Shop) -> None:
    await shop.bell.wait()


async def lock_in_an_attribute(shop: Shop) -> None:
    await shop.counter.acquire()
    await anyio.Event().wait()


async def nested_in_containers(shop: Shop) -> None:
    shop.shelves = [{"tea": deque([anyio.Event()])}]
    await shop.shelves[0]["tea"][0].wait()


async def stream(shop: Shop) -> None:
    send, receive = anyio.create_memory_object_stream[int](0)
    with send, receive:
        async for _ in receive:
            pass


async def queue(shop: Shop) -> None:
    jobs: asyncio.Queue[int] = asyncio.Queue()
    await jobs.get()


async def future(shop: Shop) -> None:
    answer = asyncio.get_running_loop().create_future()
    await answer


async def semaphore(shop: Shop) -> None:
    slots = asyncio.Semaphore(0)
    async with slots:
        pass


async def trio_event(shop: Shop) -> None:
    bell = trio.Event()
    await bell.wait()


async def guest(shop: Shop) -> None:
    mu = Mutex("mu")
    async with mu:
        await shop.bell.wait()


BOTH = ("asyncio", "trio")


@pytest.mark.parametrize(
    ("wait", "backends", "words"),
    [
        (event, BOTH, "waiting in shop.bell.wait (anyio.Event)"),
        (lock_in_an_attribute, BOTH, "waiting in anyio.Event().wait (anyio.Event); holding shop.counter"),
        (nested_in_containers, BOTH, "waiting in shop.shelves[0]['tea'][0].wait (anyio.Event)"),
        (stream, BOTH, "waiting in receive.receive (anyio.MemoryObjectReceiveStream)"),
        (queue, BOTH[:1], "waiting in jobs.get (asyncio.Queue)"),
        (future, BOTH[:1], "waiting for answer"),
        (semaphore, BOTH[:1], "waiting in slots.acquire (asyncio.Semaphore)"),
        (trio_event, BOTH[1:], "waiting in bell.wait (trio.Event)"),
        (guest, BOTH, "waiting in shop.bell.wait (anyio.Event); holding mu"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_it_waits_for(wait: Wait, backends: tuple[str, ...], words: str) -> None:
    """The thing by the way that leads to it, the method and the class."""

    async def program() -> None:
        await wait(Shop())

    for backend in backends:
        assert states(program, backend) == {"main": words}


async def hold_for_ever(lock: Any) -> None:
    """Take a lock and never give it back."""
    async with lock:
        await anyio.Event().wait()


async def want(lock: Any) -> None:
    """Wait for it."""
    async with lock:
        pass


@pytest.mark.parametrize(
    ("make", "backends", "words"),
    [
        (lambda: (anyio.Lock(),) * 2, BOTH, "waiting for pair[0] (anyio.Lock)"),
        (lambda: (trio.Lock(),) * 2, BOTH[1:], "waiting for pair[0] (trio.Lock)"),
        (lambda: (asyncio.Lock(),) * 2, BOTH[:1], "waiting for pair[0] (asyncio.Lock)"),
        (lambda: (Mutex("mu"),) * 2, BOTH, "waiting for mu (Mutex)"),
        (lambda: (KeyedMutex[str]("users")["ann"],) * 2, BOTH, "waiting for users['ann'] (KeyedMutex)"),
        (lambda: _sides(RWMutex("config")), BOTH, "waiting for config.writer (RWMutex)"),
    ],
    ids=["anyio", "trio", "asyncio", "Mutex", "KeyedMutex", "RWMutex"],
)
def test_who_holds_it(make: Callable[[], tuple[Any, Any]], backends: tuple[str, ...], words: str) -> None:
    """Of any lock that knows, or that was seen to be taken."""

    async def program() -> None:
        pair = make()
        async with anyio.create_task_group() as group:
            group.start_soon(hold_for_ever, pair[0], name="holder")
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            group.start_soon(want, pair[1], name="wanter")

    for backend in backends:
        assert states(program, backend)["wanter"] == f'{words}, held by task "holder" 0.0'


def _sides(lock: RWMutex) -> tuple[Any, Any]:
    return lock.reader, lock.writer


def test_who_is_joined() -> None:
    """A task that waits for others waits for those of them that live; a ring may lead through it."""

    async def child(lock: anyio.Lock) -> None:
        async with lock:
            pass

    async def program() -> None:
        lock = anyio.Lock()
        async with lock, anyio.create_task_group() as group:
            group.start_soon(anyio.lowlevel.checkpoint)
            group.start_soon(child, lock, name="child")

    for backend in BOTH:
        failure = explore(program, backends=[backend]).failure
        assert failure is not None
        assert failure.details.headline == "2 of 2 tasks are asleep - deadlock!"
        assert states(program, backend) == {
            "main": 'waiting for the end of task "child" 0.1; holding lock',
            "child": 'waiting for lock (anyio.Lock), held by task "main" 0',
        }
        assert 'waits: task "main" 0 -> task "child" 0.1 -> lock -> task "main" 0' in failure.report


def test_two_things_of_one_name() -> None:
    """The second one has a number."""

    async def wait_for(own: anyio.Event) -> None:
        await own.wait()

    async def program() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(wait_for, anyio.Event(), name="ann")
            group.start_soon(wait_for, anyio.Event(), name="bob")

    for backend in BOTH:
        said = states(program, backend)

        assert said["ann"] == "waiting in own.wait (anyio.Event)"
        assert said["bob"] == "waiting in own #2.wait (anyio.Event)"


def test_a_lock_of_asyncio_whose_holder_is_not_known() -> None:
    """It was taken out of our sight: nothing is said."""
    hidden: list[asyncio.Lock] = []

    async def take_it() -> None:
        hidden.append(asyncio.Lock())
        await hidden[0].acquire()

    async def program() -> None:
        hidden.clear()
        await asyncio.create_task(take_it())
        lock = hidden[0]
        await lock.acquire()

    said = states(program, "asyncio")

    assert said == {"main": "waiting for lock (asyncio.Lock)"}
