"""What every lock promises: one body of tests, and a table that says which lock has promised what.

Most tests hold a *gate*, which makes those who want the lock wait: the lock itself if one task at a time may
have it, the writer's side for readers.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import itertools
import pickle
import types
from enum import Flag, auto
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from turns import ASYNCIO_BACKENDS, BACKENDS, leaves, native_task, place, run_in_thread, run_on, settle

from anymutex import DeadlockError, KeyedMutex, Mutex, OwnerEndedError, RWMutex, probe
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, LockWanted
from anymutex.testing.driver import driving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from anymutex.events import Event

    Lock: TypeAlias = Any  # a lock-like, an anyio.Lock or a ToyLock: what it can do stands in the table
    Use: TypeAlias = Callable[[Lock], Awaitable[None]]


# --- the table --------------------------------------------------------------------------------------------


class ToyLock:
    """The least that is a lock: one task at a time, a RuntimeError for who does not hold it, no order."""

    def __init__(self) -> None:
        self._owner: anyio.TaskInfo | None = None
        self._freed = anyio.Event()

    async def acquire(self) -> None:
        """Take it once it is free, be it before others who came earlier."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        while True:
            with contextlib.suppress(anyio.WouldBlock):
                return self.acquire_nowait()
            await self._freed.wait()

    def acquire_nowait(self) -> None:
        """Take it or raise."""
        me = anyio.get_current_task()
        if self._owner == me:
            raise RuntimeError("it is yours already")
        if self._owner is not None:
            raise anyio.WouldBlock
        self._owner = me

    def release(self) -> None:
        """Let all who wait try again."""
        if self._owner != anyio.get_current_task():
            raise RuntimeError("it is not yours")
        self._owner = None
        self._freed.set()
        self._freed = anyio.Event()

    def locked(self) -> bool:
        """Whether some task has it."""
        return self._owner is not None

    def statistics(self) -> anyio.LockStatistics:
        """The same three facts that anyio tells."""
        return anyio.LockStatistics(self.locked(), self._owner, self._freed.statistics().tasks_waiting)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()


class Promise(Flag):
    """What a lock may promise beyond being a lock."""

    EXCLUSIVE = auto()  # one task at a time; else any number of them, but nobody beside the gate's holder
    HANDS_OVER = auto()  # a release reserves it for who waits first, so that nobody barges in
    YIELDS = auto()  # a loop over free ones lets others run
    HELD = auto()  # has `held`
    TRIES = auto()  # has `try_acquire`
    CLOSES = auto()  # the coroutine of who waits may be closed
    RUNS = auto()  # each run finds it free, and no other thread may use it meanwhile
    NAMES = auto()  # errors say who did what where, events who got what


class Pair(NamedTuple):
    """A lock, and what has to be held to make those who want it wait."""

    lock: Lock
    gate: Lock

    def is_free(self) -> bool:
        """Whether nobody has it or waits for it, and it can be had."""
        self.gate.acquire_nowait()
        self.gate.release()
        waiting = [side.statistics().tasks_waiting for side in self]
        return not self.lock.locked() and not self.gate.locked() and waiting == [0, 0]


def alone(make: Callable[[], Lock]) -> Pair:
    """A lock that is its own gate."""
    lock = make()
    return Pair(lock, lock)


def mutex(**options: Any) -> Pair:
    """A Mutex."""
    return alone(partial(Mutex, "stock", **options))


def reader(**options: Any) -> Pair:
    """The shared side of an RWMutex."""
    rw = RWMutex("stock", **options)
    return Pair(rw.reader, rw.writer)


def writer(**options: Any) -> Pair:
    """The exclusive side of an RWMutex."""
    rw = RWMutex("stock", **options)
    return Pair(rw.writer, rw.writer)


def keyed(**options: Any) -> Pair:
    """One key of a KeyedMutex, asked for twice."""
    locks: KeyedMutex[str] = KeyedMutex("stock", **options)
    return Pair(locks["key"], locks["key"])


Make: TypeAlias = "Callable[..., Pair]"

OURS = Promise.HANDS_OVER | Promise.HELD | Promise.TRIES | Promise.CLOSES | Promise.RUNS | Promise.NAMES
LOCKS: dict[str, tuple[Make, Promise]] = {
    "Mutex": (mutex, OURS | Promise.EXCLUSIVE | Promise.YIELDS),
    "Mutex-fast_acquire": (partial(mutex, fast_acquire=True), OURS | Promise.EXCLUSIVE),
    "reader": (reader, OURS | Promise.YIELDS),
    "writer": (writer, OURS | Promise.EXCLUSIVE | Promise.YIELDS),
    "keyed": (keyed, OURS | Promise.EXCLUSIVE | Promise.YIELDS),
    "anyio.Lock": (partial(alone, anyio.Lock), Promise.EXCLUSIVE | Promise.HANDS_OVER | Promise.YIELDS),
    "toy": (partial(alone, ToyLock), Promise.EXCLUSIVE),
}
WITH_OPTIONS: dict[str, Make] = {"Mutex": mutex, "reader": reader, "writer": writer, "keyed": keyed}


def locks_that(promises: Promise) -> pytest.MarkDecorator:
    """Run the test with every lock that has promised all of these."""
    makes = {name: make for name, (make, promised) in LOCKS.items() if promises in promised}
    return pytest.mark.parametrize("make", makes.values(), ids=makes)


every_lock = locks_that(Promise(0))
every_lock_with_options = pytest.mark.parametrize("make", WITH_OPTIONS.values(), ids=WITH_OPTIONS)
on_asyncio = pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)


async def enter(lock: Lock) -> None:
    """Take `lock` by `async with`, and give it back at once."""
    async with lock:
        pass


async def call_acquire(lock: Lock) -> None:
    """Take `lock` by its method."""
    await lock.acquire()


ACQUIRES: dict[str, Use] = {"async with": enter, "acquire": call_acquire}


async def fill(lock: Lock, names: str, order: list[str], group: anyio.abc.TaskGroup) -> None:
    """Queue one task per letter of `names` for `lock`, in this order; each tells `order` when it holds it."""

    async def wait(name: str) -> None:
        async with lock:
            order.append(name)

    for name in names:
        group.start_soon(wait, name, name=name)
        await settle()


# --- who is inside ----------------------------------------------------------------------------------------


class Room:
    """A section that a lock guards: who enters stays for a step, and tells how many were inside then."""

    def __init__(self) -> None:
        self.inside = 0
        self.seen: list[int] = []

    async def visit(self, lock: Lock) -> None:
        """Enter four times."""
        for _ in range(4):
            async with lock:
                self.inside += 1
                await anyio.lowlevel.checkpoint()
                self.seen.append(self.inside)
                self.inside -= 1


@locks_that(Promise.EXCLUSIVE)
async def test_only_one_task_is_inside(make: Make) -> None:
    """A section that awaits while it holds the lock is never entered twice at a time."""
    pair, room = make(), Room()
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(room.visit, pair.lock)

    assert [1] * 20 == room.seen
    assert pair.is_free()


async def test_readers_are_inside_together_and_a_writer_alone() -> None:
    """What is shared is shared, but not with who holds the gate."""
    pair, room = reader(), Room()
    written: list[int] = []

    async def write() -> None:
        for _ in range(4):
            async with pair.gate:
                written.append(room.inside)
                await anyio.lowlevel.checkpoint()
                written.append(room.inside)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(room.visit, pair.lock)
        group.start_soon(write)

    assert [0] * 8 == written
    assert 20 == len(room.seen)
    assert 5 == max(room.seen)
    assert pair.is_free()


@locks_that(Promise.HANDS_OVER | Promise.EXCLUSIVE)
async def test_waiters_get_the_lock_in_the_order_they_came(make: Make) -> None:
    """The queue is strictly first in, first out."""
    lock, gate = make()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "abcde", order, group)
        gate.release()

    assert list("abcde") == order


@locks_that(Promise.HANDS_OVER)
async def test_nobody_barges_in_at_the_hand_over(make: Make) -> None:
    """A released lock with a waiter is the waiter's at once: who asks in the same step is too late."""
    lock, gate = make()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "a", order, group)
        gate.release()
        with pytest.raises(anyio.WouldBlock):
            gate.acquire_nowait()
        assert lock.locked()
        async with gate:
            order.append("releaser")

    assert ["a", "releaser"] == order


@locks_that(Promise.HANDS_OVER | Promise.TRIES)
async def test_try_acquire_does_not_barge_in_either(make: Make) -> None:
    """`try_acquire` in the step of the hand-over is False and leaves the order alone."""
    lock, gate = make()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "ab", order, group)
        gate.release()
        assert gate.try_acquire() is False
        assert not gate.held()

    assert ["a", "b"] == sorted(order)


@every_lock
async def test_acquire_nowait_takes_or_would_block(make: Make) -> None:
    """`acquire_nowait` takes a free lock and raises `anyio.WouldBlock` if another task is in the way."""
    lock, gate = pair = make()
    outcomes: list[str] = []

    async def other() -> None:
        try:
            lock.acquire_nowait()
        except anyio.WouldBlock:
            outcomes.append("would block")

    gate.acquire_nowait()
    async with anyio.create_task_group() as group:
        group.start_soon(other)
    gate.release()
    lock.acquire_nowait()
    assert lock.locked()
    lock.release()

    assert ["would block"] == outcomes
    assert pair.is_free()


@locks_that(Promise.EXCLUSIVE)
async def test_acquire_nowait_by_the_holder_is_a_runtime_error(make: Make) -> None:
    """For the holder itself `acquire_nowait` is the same mistake as `acquire`, as `anyio.Lock` has it."""
    lock, _ = pair = make()
    async with lock:
        with pytest.raises(RuntimeError):
            lock.acquire_nowait()
        assert lock.locked()

    assert pair.is_free()


@locks_that(Promise.TRIES)
async def test_try_acquire_tells_whether_it_took_the_lock(make: Make) -> None:
    """True for a free lock; False for a held one, also when it is your own gate that is in the way."""
    lock, gate = pair = make()
    answers: list[bool] = []

    async def other() -> None:
        answers.append(lock.try_acquire())

    answers.append(lock.try_acquire())
    lock.release()
    assert gate.try_acquire()
    answers.append(lock.try_acquire())
    async with anyio.create_task_group() as group:
        group.start_soon(other)
    gate.release()
    answers.append(lock.try_acquire())
    lock.release()

    assert [True, False, False, True] == answers
    assert pair.is_free()


@locks_that(Promise.HELD)
async def test_held_asks_for_the_current_task(make: Make) -> None:
    """`locked` is true for everybody while one task holds the lock, `held` for that task alone."""
    lock, _ = make()
    seen: list[tuple[bool, bool]] = []

    async def other() -> None:
        seen.append((lock.locked(), lock.held()))

    async with anyio.create_task_group() as group:
        await other()
        async with lock:
            await other()
            group.start_soon(other)
            await settle()
        await other()

    assert [(False, False), (True, True), (True, False), (False, False)] == seen


@locks_that(Promise.HELD)
async def test_a_lock_is_not_held_before_its_task_has_run(make: Make) -> None:
    """What is reserved at the hand-over is locked, and held by nobody who can ask."""
    lock, gate = make()
    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "a", [], group)
        gate.release()
        seen = lock.locked(), lock.held(), gate.held()

    assert (True, False, False) == seen


@every_lock
async def test_statistics_are_those_of_anyio(make: Make) -> None:
    """`statistics()` is anyio's `LockStatistics`: locked, the owner as `TaskInfo`, how many wait."""
    lock, gate = make()
    seen = [lock.statistics()]
    async with lock:
        seen.append(lock.statistics())
    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "ab", [], group)
        waiting = lock.statistics().tasks_waiting
        gate.release()
    seen.append(lock.statistics())

    expected = [
        anyio.LockStatistics(False, None, 0),
        anyio.LockStatistics(True, anyio.get_current_task(), 0),
        anyio.LockStatistics(False, None, 0),
    ]
    assert expected == seen
    assert 2 == waiting


@locks_that(Promise.RUNS)
def test_statistics_and_locked_need_no_loop(make: Make) -> None:
    """A lock that nobody has used yet can be asked where no task runs."""
    lock, _ = make()

    assert not lock.locked()
    assert not lock.held()
    assert anyio.LockStatistics(False, None, 0) == lock.statistics()
    assert "stock" in repr(lock)


@locks_that(Promise.NAMES)
async def test_the_repr_tells_whether_it_is_free(make: Make) -> None:
    """Of a lock that is held it says so, with its name."""
    lock, _ = make()
    free = repr(lock)
    async with lock:
        held = repr(lock)

    assert "free" in free
    assert "free" not in held
    assert "stock" in held
    assert free == repr(lock)


# --- cancellation -----------------------------------------------------------------------------------------


@every_lock
async def test_acquire_in_a_cancelled_scope_does_not_take_a_free_lock(make: Make) -> None:
    """Every acquire is a cancellation point, the uncontended one too, and a cancelled one takes nothing."""
    pair = make()
    reached: list[str] = []
    for way, take in ACQUIRES.items():
        with anyio.CancelScope() as scope:
            scope.cancel()
            await take(pair.lock)
            reached.append(way)
        assert scope.cancelled_caught

    assert [] == reached
    assert pair.is_free()


@every_lock
async def test_every_acquire_of_a_loop_is_a_cancellation_point(make: Make) -> None:
    """It makes no difference how many acquires went through before without a yield."""
    pair = make()
    reached: list[int] = []
    for before in range(12):
        with anyio.CancelScope() as scope:
            for _ in range(before):
                await enter(pair.lock)
            scope.cancel()
            await enter(pair.lock)
            reached.append(before)

    assert [] == reached
    assert pair.is_free()


@every_lock
async def test_a_shield_keeps_the_cancellation_out(make: Make) -> None:
    """Inside a shield the lock is taken and given back although the scope around it is cancelled."""
    pair = make()
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            async with pair.lock:
                await anyio.lowlevel.checkpoint()
                reached = True

    assert reached
    assert pair.is_free()


@every_lock
async def test_a_cancelled_waiter_leaves_the_queue(make: Make) -> None:
    """The waiters behind a cancelled one move up, and are not counted with it."""
    lock, gate = pair = make()
    order: list[str] = []

    async def impatient(scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                order.append("impatient")

    async with anyio.create_task_group() as group:
        await gate.acquire()
        await fill(lock, "a", order, group)
        scope = anyio.CancelScope()
        group.start_soon(impatient, scope)
        await settle()
        await fill(lock, "b", order, group)
        scope.cancel()
        await settle()
        waiting = lock.statistics().tasks_waiting
        gate.release()

    assert 2 == waiting
    assert ["a", "b"] == sorted(order)
    assert pair.is_free()


def both_in_one_step(first: str, release: Callable[[], object], cancel: Callable[[], object]) -> None:
    """Release and cancel, in either order."""
    for act in (release, cancel) if first == "release" else (cancel, release):
        act()


@every_lock
async def test_a_cancel_in_the_tick_of_the_hand_over_loses_no_lock(make: Make) -> None:
    """Release and cancel in one step, in either order: the lock reaches the next, and is free in the end."""
    lock, gate = pair = make()
    order: list[str] = []

    async def victim(scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                order.append("victim")
                await anyio.lowlevel.checkpoint()

    for first in ("release", "cancel"):
        order.append(first)
        async with anyio.create_task_group() as group:
            await gate.acquire()
            scope = anyio.CancelScope()
            group.start_soon(victim, scope)
            await settle()
            await fill(lock, "a", order, group)
            both_in_one_step(first, gate.release, scope.cancel)
        assert pair.is_free()

    assert ["release", "a", "cancel", "a"] == [name for name in order if name != "victim"]


@every_lock
@on_asyncio
async def test_a_native_cancel_in_the_tick_of_the_hand_over_loses_no_lock(make: Make) -> None:
    """The same by asyncio's own `Task.cancel`."""
    lock, gate = pair = make()
    order: list[str] = []
    for first in ("release", "cancel"):
        order.append(first)
        await gate.acquire()
        victim = asyncio.create_task(enter(lock), name="victim")
        await settle()
        async with anyio.create_task_group() as group:
            await fill(lock, "a", order, group)
            both_in_one_step(first, gate.release, victim.cancel)
        with pytest.raises(asyncio.CancelledError):
            await victim
        assert pair.is_free()

    assert ["release", "a", "cancel", "a"] == order


@every_lock
@on_asyncio
async def test_a_native_cancel_takes_a_waiter_out_of_the_queue(make: Make) -> None:
    """asyncio's own `Task.cancel` of a waiter leaves the lock with its holder and nobody in the queue."""
    lock, gate = pair = make()
    await gate.acquire()
    victim = asyncio.create_task(enter(lock))
    await settle()
    victim.cancel()
    with pytest.raises(asyncio.CancelledError):
        await victim
    waiting = lock.statistics().tasks_waiting
    gate.release()

    assert 0 == waiting
    assert pair.is_free()


@every_lock
async def test_an_error_inside_gives_the_lock_back(make: Make) -> None:
    """`async with` releases whatever way the block ends."""
    pair = make()
    with pytest.raises(ZeroDivisionError):
        async with pair.lock:
            raise ZeroDivisionError

    assert pair.is_free()


# --- waiters whose coroutine is closed --------------------------------------------------------------------


def run_to_its_wait(coroutine: Coroutine[Any, Any, object], lock: Lock) -> Generator[Any, Any, object]:
    """Run `coroutine` in this task until it stands in `lock`'s queue; give what it tells the loop."""
    trap = coroutine.send(None)
    while lock.statistics().tasks_waiting == 0:
        trap = coroutine.send((yield trap))
    return trap


@types.coroutine
def closed_instead_of_resumed(lock: Lock) -> Generator[Any, Any, None]:
    """Wait for `lock` in this task; when the loop resumes the task, close the waiting coroutine instead."""
    coroutine = lock.acquire()
    trap = yield from run_to_its_wait(coroutine, lock)
    try:
        yield trap
    finally:
        coroutine.close()


@locks_that(Promise.CLOSES)
async def test_a_waiter_closed_just_after_the_hand_over_passes_the_lock_on(make: Make) -> None:
    """A coroutine that was handed the lock and is closed before it ran on gives it to the next."""
    lock, gate = pair = make()
    order: list[str] = []

    async def doomed() -> None:
        await closed_instead_of_resumed(lock)
        await settle()
        order.append("doomed")

    async with anyio.create_task_group() as group:
        await gate.acquire()
        group.start_soon(doomed, name="doomed")
        await settle()
        await fill(lock, "a", order, group)
        gate.release()

    assert ["a", "doomed"] == order
    assert pair.is_free()


@locks_that(Promise.CLOSES)
async def test_a_waiter_closed_while_it_waits_leaves_the_queue(make: Make) -> None:
    """A coroutine closed in the queue is gone from it: the lock goes to the next one."""
    lock, gate = pair = make()
    order: list[str] = []

    async def doomed(scope: anyio.CancelScope) -> None:
        with scope:
            await closed_instead_of_resumed(lock)

    async with anyio.create_task_group() as group:
        await gate.acquire()
        scope = anyio.CancelScope()
        group.start_soon(doomed, scope, name="doomed")
        await settle()
        await fill(lock, "a", order, group)
        scope.cancel()
        await settle()
        waiting = lock.statistics().tasks_waiting
        gate.release()

    assert 1 == waiting
    assert ["a"] == order
    assert pair.is_free()


@locks_that(Promise.CLOSES)
async def test_a_coroutine_driven_by_hand_and_closed_leaves_the_queue(make: Make) -> None:
    """`send(None)`, then `close()`: nobody waits any more, and the release reaches nobody."""
    lock, gate = pair = make()

    async def holder(done: anyio.Event) -> None:
        async with gate:
            await done.wait()

    async with anyio.create_task_group() as group:
        done = anyio.Event()
        group.start_soon(holder, done)
        await settle()
        waiter = lock.acquire()
        await types.coroutine(run_to_its_wait)(waiter, lock)
        assert 1 == lock.statistics().tasks_waiting
        waiter.close()
        assert 0 == lock.statistics().tasks_waiting
        done.set()

    assert pair.is_free()


# --- misuse -----------------------------------------------------------------------------------------------


async def take_twice_by_with(lock: Lock) -> None:
    """Enter the block of a lock inside its own block."""
    async with lock:  # noqa: SIM117  # first
        async with lock:  # second
            pass


async def take_twice_by_acquire(lock: Lock) -> None:
    """Call `acquire` twice."""
    await lock.acquire()  # first
    try:
        await lock.acquire()  # second
    finally:
        lock.release()


async def take_twice_without_waiting(lock: Lock) -> None:
    """Call `acquire_nowait` twice."""
    lock.acquire_nowait()  # first
    try:
        lock.acquire_nowait()  # second
    finally:
        lock.release()


async def take_twice_after_try(lock: Lock) -> None:
    """Take it by `try_acquire` and enter its block then."""
    assert lock.try_acquire()  # first
    try:
        async with lock:  # second
            pass
    finally:
        lock.release()


async def take_twice_after_a_wait(lock: Lock) -> None:
    """Get the lock from another task, then want it again."""

    async def other(held: anyio.Event) -> None:
        async with lock:
            held.set()
            await settle()

    async with anyio.create_task_group() as group:
        held = anyio.Event()
        group.start_soon(other, held)
        await held.wait()
        async with lock:  # noqa: SIM117  # first
            async with lock:  # second
                pass


TWICE: dict[str, Use] = {
    "async with": take_twice_by_with,
    "acquire": take_twice_by_acquire,
    "acquire_nowait": take_twice_without_waiting,
    "try_acquire": take_twice_after_try,
    "after a wait": take_twice_after_a_wait,
}


async def deadlock_of(take_twice: Use, lock: Lock) -> DeadlockError:
    """Give the error of who takes `lock` twice, in a task of a known name."""
    errors: list[BaseException] = []

    async def greedy() -> None:
        try:
            await take_twice(lock)
        except (RuntimeError, BaseExceptionGroup) as error:
            errors.extend(leaves(error))

    async with anyio.create_task_group() as group:
        group.start_soon(greedy, name="greedy")
    [error] = errors
    assert isinstance(error, DeadlockError)
    return error


@locks_that(Promise.NAMES | Promise.EXCLUSIVE)
async def test_taking_it_twice_is_a_deadlock_that_says_who_and_where(make: Make) -> None:
    """Re-acquire raises `DeadlockError` that says where it was taken and where again, by which task."""
    pair = make()
    missing: list[tuple[str, str]] = []
    for way, take_twice in TWICE.items():
        text = str(await deadlock_of(take_twice, pair.lock))
        words = [place(take_twice, "first"), place(take_twice, "second"), pair.lock.label, "greedy"]
        missing += [(way, word) for word in words if word not in text]
        assert pair.is_free()

    assert [] == missing
    assert issubclass(DeadlockError, RuntimeError)


@pytest.mark.parametrize("make", [mutex, writer, keyed])
async def test_a_lock_that_lets_rings_stand_is_still_not_taken_twice(make: Make) -> None:
    """`deadlock="wait"` is for rings that a time limit ends, not for who waits for itself."""
    pair = make(deadlock="wait")
    await deadlock_of(take_twice_by_with, pair.lock)

    assert pair.is_free()


@every_lock_with_options
def test_there_are_two_words_for_deadlock(make: Make) -> None:
    """ "raise", which is also the default, and "wait"."""
    make(deadlock="raise")
    make(deadlock="wait")
    with pytest.raises(ValueError, match="deadlock='ignore'"):
        make(deadlock="ignore")


async def release_free(lock: Lock) -> None:
    """Release a lock that was never taken."""
    lock.release()


async def release_twice(lock: Lock) -> None:
    """Release once too often."""
    await lock.acquire()
    lock.release()
    lock.release()


async def release_after_a_failed_try(lock: Lock) -> None:
    """Release after an `acquire` that was cancelled."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await lock.acquire()
    lock.release()


async def release_of_another(lock: Lock) -> None:
    """Release what another task holds."""

    async def hold(holds: anyio.Event, done: anyio.Event) -> None:
        async with lock:
            holds.set()
            await done.wait()

    async with anyio.create_task_group() as group:
        holds, done = anyio.Event(), anyio.Event()
        group.start_soon(hold, holds, done, name="holder")
        await holds.wait()
        try:
            lock.release()
        finally:
            done.set()


async def release_in_a_child(lock: Lock) -> None:
    """Release in a child what its parent holds."""
    lost: list[BaseException] = []

    async def child() -> None:
        try:
            lock.release()
        except RuntimeError as error:
            lost.append(error)

    async with lock, anyio.create_task_group() as group:
        group.start_soon(child, name="child")
    raise lost[0]


RELEASES: dict[str, Use] = {
    "free": release_free,
    "twice": release_twice,
    "after a cancelled acquire": release_after_a_failed_try,
    "held by another": release_of_another,
    "held by the parent": release_in_a_child,
}


async def misuse_text(release: Use, make: Make) -> str:
    """Give the text of the error of a wrong release of `LOCK`, in a task of a known name."""
    pair = make()
    texts: list[str] = []

    async def wrongdoer() -> None:
        try:
            await release(pair.lock)
        except (RuntimeError, BaseExceptionGroup) as error:
            [leaf] = leaves(error)
            assert isinstance(leaf, RuntimeError)
            texts.append(str(leaf))

    async with anyio.create_task_group() as group:
        group.start_soon(wrongdoer, name="wrongdoer")
    assert pair.is_free()
    [text] = texts
    return text.replace(getattr(pair.lock, "label", "?"), "LOCK")


@every_lock
async def test_a_wrong_release_is_a_runtime_error(make: Make) -> None:
    """Release by another task, or of a free lock, raises and changes nothing."""
    texts = {mistake: await misuse_text(release, make) for mistake, release in RELEASES.items()}

    assert [] == [mistake for mistake, text in texts.items() if not text]


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_a_wrong_release_reads_the_same_wherever_it_happens(release: Use) -> None:
    """There is one text for the same mistake, whatever the lock and the backend."""
    texts = {
        (name, where): run_on(backend, partial(misuse_text, release, make))
        for name, (make, promised) in LOCKS.items()
        if Promise.NAMES in promised
        for where, backend in BACKENDS.items()
    }

    assert 1 == len(set(texts.values())), texts
    assert "LOCK" in texts["Mutex", "trio"]


COPIES: dict[str, Callable[[Lock], object]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle-{protocol}": partial(pickle.dumps, protocol=protocol) for protocol in range(6)},
}


@locks_that(Promise.RUNS)
def test_a_lock_can_not_be_duplicated(make: Make) -> None:
    """A copy would guard nothing: `TypeError`, before and after use."""
    lock, _ = make()
    refused: list[str] = []
    for _ in range(2):
        for way, duplicate in COPIES.items():
            with pytest.raises(TypeError, match="can't be copied"):
                duplicate(lock)
            refused.append(way)
        run_on(BACKENDS["asyncio"], partial(enter, lock))

    assert [*COPIES] * 2 == refused


# --- an owner that ended ----------------------------------------------------------------------------------


async def just_end(gate: Lock) -> None:
    """Take the gate and end."""
    await gate.acquire()


async def end_later(gate: Lock) -> None:
    """Take the gate, wait a little, end."""
    await gate.acquire()
    await settle()


async def end_by_error(gate: Lock) -> None:
    """Take the gate and die of an error."""
    await gate.acquire()
    await settle()
    raise LookupError("dies holding the lock")


async def end_by_cancel(gate: Lock) -> None:
    """Take the gate and be cancelled."""
    await gate.acquire()
    await anyio.sleep_forever()


ENDS: dict[str, Use] = {
    "at once": just_end,
    "later": end_later,
    "by an error": end_by_error,
    "by a cancel": end_by_cancel,
}


async def lose(gate: Lock, end: Use, meanwhile: Awaitable[object], ended: list[bool]) -> None:
    """Let a task named `owner` take `gate` and end holding it; await `meanwhile` before its end."""

    async def owner(scope: anyio.CancelScope) -> None:
        # The error is not ours to report: the test is about the lock that is left behind.
        with scope, contextlib.suppress(LookupError):
            await end(gate)
        ended.append(True)

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()
        group.start_soon(owner, scope, name="owner")
        await meanwhile
        scope.cancel()


async def told_by_those_who_want(pair: Pair, end: Use) -> list[tuple[str, str]]:
    """Let a lock be wanted before and after its owner ends, twice each; give what they are told."""
    told: list[tuple[str, str]] = []
    ended: list[bool] = []

    async def want(when: str) -> None:
        try:
            async with pair.lock:
                told.append((when, "has the lock"))
        except OwnerEndedError as error:
            told.append((when, "owner" if 'task "owner" ended' in str(error) else str(error)))

    async with anyio.create_task_group() as group:

        async def queue_up() -> None:
            while not (pair.gate.locked() or ended):
                await anyio.lowlevel.checkpoint()
            group.start_soon(want, "before")
            group.start_soon(want, "before")
            await settle()

        with anyio.fail_after(10):
            await lose(pair.gate, end, queue_up(), ended)
            await settle()
            await want("after")
            await want("after")
    return told


@locks_that(Promise.NAMES)
async def test_waiters_of_an_owner_that_ended_are_told(make: Make) -> None:
    """Who waits when the owner ends, and who comes later, gets `OwnerEndedError` that names the owner."""
    told = {how: await told_by_those_who_want(make(), end) for how, end in ENDS.items()}

    assert dict.fromkeys(ENDS, [("before", "owner")] * 2 + [("after", "owner")] * 2) == told


@locks_that(Promise.NAMES | Promise.EXCLUSIVE)
async def test_an_owner_that_had_to_wait_for_it_is_told_of_too(make: Make) -> None:
    """It makes no difference that the owner got the lock by a hand-over, while others waited already."""
    lock, gate = make()
    told: list[str] = []

    async def want() -> None:
        try:
            await lock.acquire()
        except OwnerEndedError as error:
            told.append(str(error))

    async with anyio.create_task_group() as group:
        await gate.acquire()
        group.start_soon(gate.acquire, name="owner")
        await settle()
        group.start_soon(want)
        await settle()
        gate.release()

    [text] = told
    assert 'task "owner" ended' in text
    assert gate.label in text


@locks_that(Promise.NAMES)
async def test_a_lost_lock_is_never_taken(make: Make) -> None:
    """Neither `try_acquire` nor `acquire_nowait` gets a lock whose owner ended; no release frees it."""
    lock, gate = make()
    await lose(gate, just_end, settle(), [])
    with pytest.raises(OwnerEndedError):
        lock.acquire_nowait()
    with pytest.raises(OwnerEndedError):
        lock.try_acquire()
    for side in (lock, gate):
        with pytest.raises(RuntimeError):
            side.release()
    with pytest.raises(OwnerEndedError):
        await lock.acquire()

    assert not lock.held()
    assert not gate.held()


@locks_that(Promise.NAMES)
async def test_a_new_task_is_not_taken_for_the_owner_that_ended(make: Make) -> None:
    """The owner's memory may be used again by another task: that one does not hold the lock."""
    lock, gate = make()
    await lose(gate, just_end, settle(), [])
    gc.collect(0)
    answers: set[object] = set()

    async def newcomer() -> None:
        answers.update([lock.held(), gate.held()])
        try:
            await lock.acquire()
        except OwnerEndedError:
            answers.add("told")

    for _ in range(20):
        async with anyio.create_task_group() as group:
            group.start_soon(newcomer)

    assert {False, "told"} == answers


@locks_that(Promise.RUNS)
@pytest.mark.parametrize("left", ["lock", "gate"])
def test_the_next_run_starts_with_a_free_lock(make: Make, left: str) -> None:
    """What one run left behind is over with that run, whichever backends the two are on."""
    pair = make()
    seen: list[tuple[bool, bool, bool]] = []

    async def use_it_and_leave_it_held() -> None:
        before = pair.lock.locked() or pair.gate.locked()
        async with pair.lock:
            inside = pair.lock.held()
        seen.append((before, inside, pair.is_free()))
        await getattr(pair, left).acquire()

    for backend in (*BACKENDS.values(), *reversed(BACKENDS.values())):
        run_on(backend, use_it_and_leave_it_held)

    assert {(False, True, True)} == set(seen)


# --- successive runs, other threads -----------------------------------------------------------------------

MADE_AT_IMPORT = {name: make() for name, (make, promised) in LOCKS.items() if Promise.RUNS in promised}


@pytest.mark.parametrize("pair", MADE_AT_IMPORT.values(), ids=MADE_AT_IMPORT)
def test_a_lock_made_at_import_time_works_in_every_later_run(pair: Pair) -> None:
    """It binds to no run: backends alternate, with contention in each."""
    names = [*BACKENDS, *reversed(BACKENDS)]

    async def contend() -> list[str]:
        order: list[str] = []
        async with anyio.create_task_group() as group, pair.gate:
            await fill(pair.lock, "ab", order, group)
        return sorted(order)

    seen = [(name, run_on(BACKENDS[name], contend)) for name in names]

    assert [(name, ["a", "b"]) for name in names] == seen


@locks_that(Promise.RUNS)
def test_waiters_left_behind_by_a_run_are_not_served_in_the_next(make: Make) -> None:
    """A run that ended by cancel with a full queue leaves none of it."""
    lock, gate = make()

    async def end_with_waiters() -> None:
        async with anyio.create_task_group() as group:
            await gate.acquire()
            await fill(lock, "abc", [], group)
            group.cancel_scope.cancel()

    async def look() -> anyio.LockStatistics:
        async with lock:
            statistics: anyio.LockStatistics = lock.statistics()
            return statistics

    for backend in BACKENDS.values():
        run_on(backend, end_with_waiters)
        statistics = run_on(backend, look)

        assert (True, 0) == (statistics.locked, statistics.tasks_waiting)


@locks_that(Promise.RUNS)
@pytest.mark.parametrize("elsewhere", ["asyncio", "trio"])
async def test_a_run_in_another_thread_can_not_use_it(make: Make, elsewhere: str) -> None:
    """A lock guards the tasks of one loop: a second run in another thread at the same time is told so."""
    lock, _ = pair = make()

    def use_it_there() -> None:
        with pytest.raises(RuntimeError, match="thread") as caught:
            run_on(BACKENDS[elsewhere], partial(enter, lock))
        assert not isinstance(caught.value, DeadlockError)

    async with lock:
        run_in_thread(use_it_there)
        assert lock.held()
    run_in_thread(use_it_there)

    assert pair.is_free()


THREADED: dict[str, Callable[[Lock], object]] = {
    "acquire_nowait": lambda lock: lock.acquire_nowait(),
    "try_acquire": lambda lock: lock.try_acquire(),
    "release": lambda lock: lock.release(),
}


@locks_that(Promise.RUNS)
async def test_a_thread_without_a_loop_can_not_use_it(make: Make) -> None:
    """A worker thread can neither take nor give back what a task holds."""
    lock, _ = pair = make()
    held: dict[str, bool] = {}
    async with lock:
        for use, call in THREADED.items():
            with pytest.raises(RuntimeError, match="thread"):
                run_in_thread(partial(call, lock))
            held[use] = lock.held()

    assert dict.fromkeys(THREADED, True) == held
    assert pair.is_free()


@locks_that(Promise.RUNS)
def test_a_run_in_another_thread_may_use_it_later(make: Make) -> None:
    """One run after the other is fine, whatever the thread."""
    lock, _ = make()
    for backend in BACKENDS.values():
        run_on(backend, partial(enter, lock))
        run_in_thread(partial(run_on, backend, partial(enter, lock)))

    assert not lock.locked()


# --- fairness, and when an acquire yields -----------------------------------------------------------------


@locks_that(Promise.YIELDS)
@pytest.mark.parametrize("count", [1, 1000])
async def test_a_loop_over_free_locks_lets_others_run(make: Make, count: int) -> None:
    """Beside a task that loops over one lock, or a thousand in turn, another one gets its steps."""
    locks = itertools.cycle([make().lock for _ in range(count)])
    steps = 0

    async def other() -> None:
        nonlocal steps
        for _ in range(8):
            await anyio.lowlevel.checkpoint()
            steps += 1

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        for _ in range(100_000):
            async with next(locks):
                pass
            if steps == 8:
                break

        assert 8 == steps


@every_lock_with_options
async def test_the_fast_kind_never_yields_when_free(make: Make) -> None:
    """`fast_acquire=True` is documented not to: 500 acquires are one step."""
    lock, _ = make(fast_acquire=True)
    steps = 0

    async def other() -> None:
        nonlocal steps
        await anyio.lowlevel.checkpoint()
        steps += 1

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        for _ in range(500):
            async with lock:
                pass
        seen = steps

    assert 0 == seen


@locks_that(Promise.YIELDS | Promise.NAMES)
async def test_an_acquire_yields_before_it_takes_the_lock(make: Make) -> None:
    """In a driven run every acquire yields, and nobody ever sees the lock held meanwhile."""
    lock, _ = make()
    seen: list[bool] = []
    done = False

    async def other() -> None:
        while not done:
            seen.append(lock.locked())
            await anyio.lowlevel.checkpoint()

    with driving():
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            await settle()
            seen.clear()
            for _ in range(100):
                async with lock:
                    pass
            steps = len(seen)
            done = True

    assert {False} == set(seen)
    assert 99 <= steps <= 201


# --- what the probe hears ---------------------------------------------------------------------------------


async def uncontended(pair: Pair) -> None:
    """One task, one lock, three ways to take it."""
    async with pair.lock:
        pass
    pair.lock.acquire_nowait()
    pair.lock.release()
    assert pair.lock.try_acquire()
    pair.lock.release()


async def contended(pair: Pair) -> None:
    """One waiter."""
    async with anyio.create_task_group() as group:
        await pair.gate.acquire()
        await fill(pair.lock, "a", [], group)
        pair.gate.release()


async def refused(pair: Pair) -> None:
    """One task holds, another only tries."""

    async def attempt() -> None:
        assert not pair.lock.try_acquire()
        with pytest.raises(anyio.WouldBlock):
            pair.lock.acquire_nowait()

    async with pair.gate, anyio.create_task_group() as group:
        assert not pair.lock.try_acquire()
        group.start_soon(attempt)


async def abandoned(pair: Pair) -> None:
    """One waiter that is cancelled."""
    async with anyio.create_task_group() as group:
        await pair.gate.acquire()
        await fill(pair.lock, "a", [], group)
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settle()
        pair.gate.release()


async def abandoned_by_the_owner(pair: Pair) -> None:
    """One waiter that is told that the owner ended."""

    async def wait() -> None:
        with pytest.raises(OwnerEndedError):
            await pair.lock.acquire()

    async def owner(waiting: anyio.Event) -> None:
        await pair.gate.acquire()
        await waiting.wait()

    async with anyio.create_task_group() as group:
        waiting = anyio.Event()
        group.start_soon(owner, waiting)
        await settle()
        group.start_soon(wait)
        await settle()
        waiting.set()


async def wrong(pair: Pair) -> None:
    """A release that raises."""
    with pytest.raises(RuntimeError):
        pair.lock.release()


HEARD: dict[Callable[[Pair], Awaitable[None]], str] = {
    uncontended: "lock acquired, lock released, lock acquired, lock released, lock acquired, lock released",
    contended: "gate acquired, lock wanted, gate released, lock acquired, lock released",
    refused: "gate acquired, gate released",
    abandoned: "gate acquired, lock wanted, lock abandoned, gate released",
    abandoned_by_the_owner: "gate acquired, lock wanted, lock abandoned",
    wrong: "",
}


@locks_that(Promise.NAMES)
async def test_the_probe_hears_what_happens(make: Make) -> None:
    """The sequence of events is the life of the lock, and only of this one."""
    expected: list[str] = []
    actual: list[str] = []
    for program, life in HEARD.items():
        pair = make()
        heard: list[str] = []
        with probe.listening(partial(note, heard)):
            await program(pair)
        expected.append(life.replace("lock", pair.lock.label).replace("gate", pair.gate.label))
        actual.append(", ".join(heard))

    assert expected == actual


def note(heard: list[str], event: Event) -> None:
    """Write down what happened to which lock."""
    assert isinstance(event, LockWanted | LockAcquired | LockReleased | LockAbandoned)
    heard.append(f"{event.lock.label} {type(event).__name__.removeprefix('Lock').lower()}")


@locks_that(Promise.NAMES)
async def test_events_carry_the_task_itself(make: Make) -> None:
    """Each event names the task that it is about, as the backend knows it."""
    heard: list[tuple[type, object]] = []
    tasks: dict[str, object] = {}
    lock, gate = make()

    def listen(event: Event) -> None:
        assert isinstance(event, LockWanted | LockAcquired | LockReleased | LockAbandoned)
        heard.append((type(event), event.task))

    async def waiter() -> None:
        tasks["waiter"] = native_task()
        async with lock:
            pass

    tasks["holder"] = native_task()
    with probe.listening(listen):
        async with anyio.create_task_group() as group:
            await gate.acquire()
            group.start_soon(waiter)
            await settle()
            gate.release()
    expected = [
        (LockAcquired, tasks["holder"]),
        (LockWanted, tasks["waiter"]),
        (LockReleased, tasks["holder"]),
        (LockAcquired, tasks["waiter"]),
        (LockReleased, tasks["waiter"]),
    ]

    assert expected == heard


@locks_that(Promise.NAMES)
async def test_a_listener_may_come_and_go_while_the_lock_is_held(make: Make) -> None:
    """Events begin with the listener's first and end with its last moment, and the lock works on."""
    heard: list[type] = []
    lock, _ = pair = make()

    def listen(event: Event) -> None:
        heard.append(type(event))

    async with lock:
        probe.attach(listen)
    async with lock:
        probe.detach(listen)
    async with lock:
        pass

    assert [LockReleased, LockAcquired] == heard
    assert pair.is_free()
