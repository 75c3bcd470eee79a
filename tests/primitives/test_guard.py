"""Guard: which locks can guard, and what each of them answers, in the task that holds it and elsewhere."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
from turns import run_in_thread

from anymutex import Mutex
from anymutex.primitives.guard import ACCEPTED, Guard

if TYPE_CHECKING:
    from collections.abc import Callable


class Side:
    """One side of a lock with two, held or not as it is told."""

    def __init__(self) -> None:
        self.is_held = False

    def held(self) -> bool:
        """Say what it was told to."""
        return self.is_held


class TwoSided:
    """A lock for readers and writers."""

    def __init__(self) -> None:
        self.reader = Side()
        self.writer = Side()


LOCKS: dict[str, Callable[[], Any]] = {"Mutex": Mutex, "anyio.Lock": anyio.Lock}
every_lock = pytest.mark.parametrize("make_lock", LOCKS.values(), ids=LOCKS)


def answers(guard: Guard) -> tuple[bool, bool]:
    """Ask both questions."""
    return guard.allows_read(), guard.allows_write()


@every_lock
async def test_the_holder_is_allowed(make_lock: Callable[[], Any]) -> None:
    """Before, inside and after."""
    lock = make_lock()
    guard = Guard(lock)
    before = answers(guard)
    async with lock:
        inside = answers(guard)

    assert [(False, False), (True, True), (False, False)] == [before, inside, answers(guard)]


@every_lock
async def test_another_task_is_not(make_lock: Callable[[], Any]) -> None:
    """A lock that somebody holds is not one's own."""
    lock = make_lock()
    guard = Guard(lock)
    seen: list[tuple[bool, bool]] = []

    async def other() -> None:
        seen.append(answers(guard))

    async with lock, anyio.create_task_group() as group:
        group.start_soon(other)

    assert [(False, False)] == seen


@every_lock
def test_all_is_allowed_where_no_task_runs(make_lock: Callable[[], Any]) -> None:
    """Nobody could hold it there."""
    assert (True, True) == answers(Guard(make_lock()))


@every_lock
async def test_all_is_allowed_in_a_thread(make_lock: Callable[[], Any]) -> None:
    """Also while a task holds it."""
    lock = make_lock()
    async with lock:
        assert (True, True) == run_in_thread(lambda: answers(Guard(lock)))


@every_lock
async def test_all_is_allowed_in_a_callback(make_lock: Callable[[], Any], anyio_backend_name: str) -> None:
    """A callback of the loop is no task."""
    if anyio_backend_name == "trio":
        pytest.skip("trio has none: what it calls soon runs in a task of its own")
    lock = make_lock()
    async with lock:
        done: asyncio.Future[tuple[bool, bool]] = asyncio.Future()
        asyncio.get_running_loop().call_soon(lambda: done.set_result(answers(Guard(lock))))

        assert (True, True) == await done


@pytest.mark.parametrize("reader", [False, True])
@pytest.mark.parametrize("writer", [False, True])
async def test_a_lock_with_two_sides(reader: bool, writer: bool) -> None:
    """Either side allows reads, the writer allows writes."""
    lock = TwoSided()
    lock.reader.is_held, lock.writer.is_held = reader, writer

    assert (reader or writer, writer) == answers(Guard(lock))


async def test_anything_with_held_can_guard() -> None:
    """A lock of the user's own that can tell."""
    lock = Side()
    guard = Guard(lock)
    before = answers(guard)
    lock.is_held = True

    assert ((False, False), (True, True)) == (before, answers(guard))


async def test_the_questions_are_asked_of_the_lock_itself() -> None:
    """No function between a hot path and the answer."""
    lock = Mutex()
    guard = Guard(lock)

    assert lock.held == guard.holds_for_read == guard.holds_for_write
    assert lock is guard.lock


REFUSED: dict[str, Callable[[], object]] = {
    "threading.Lock": threading.Lock,
    "threading.RLock": threading.RLock,
    "asyncio.Lock": asyncio.Lock,
    "trio.Lock": trio.Lock,
    "anyio.Semaphore": lambda: anyio.Semaphore(1),
    "anyio.Event": anyio.Event,
    "None": lambda: None,
    "text": lambda: "mux",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_tell_is_refused(name: str) -> None:
    """The text lists what is accepted."""
    lock = REFUSED[name]()
    with pytest.raises(TypeError) as caught:
        Guard(lock)

    assert f"guarded_by: a {type(lock).__name__} can't tell which task holds it; accepted: {ACCEPTED}" == str(
        caught.value
    )


@pytest.mark.parametrize("kind", [Mutex, anyio.Lock, Side, TwoSided])
def test_a_class_is_refused(kind: type) -> None:
    """The most common slip: a pair of parentheses was forgotten."""
    with pytest.raises(TypeError) as caught:
        Guard(kind)

    assert f"guarded_by={kind.__name__}: give a lock, not its class; accepted: {ACCEPTED}" == str(
        caught.value
    )


def test_the_label_is_the_locks_own() -> None:
    """What reports call it elsewhere too."""
    assert "mux" == Guard(Mutex("mux")).label


def test_a_lock_without_a_label_is_called_the_same_everywhere() -> None:
    """Before a run `anyio.Lock()` gives an object of another class than inside."""

    async def inside() -> str:
        return Guard(anyio.Lock()).label

    labels = {Guard(anyio.Lock()).label, anyio.run(inside), anyio.run(inside, backend="trio")}

    assert {"its lock"} == labels
