"""`Mutex` against its contract: one body over every lock and backend, also `anyio.Lock` where it agrees."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import itertools
import pickle
import sys
import types
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from turns import ASYNCIO_BACKENDS, BACKENDS, leaves, native_task, place, run_in_thread, run_on, settle

from anymutex import DeadlockError, Mutex, OwnerEndedError, probe
from anymutex.events import LockAbandoned, LockAcquired, LockReleased, LockWanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from turns import Backend

    from anymutex.events import Event

    AnyLock: TypeAlias = Mutex | anyio.Lock
    Opposite: TypeAlias = Callable[[AnyLock], Awaitable[None]]

OURS: dict[str, Callable[[], Mutex]] = {
    "Mutex": Mutex,
    "Mutex-fast_acquire": partial(Mutex, fast_acquire=True),
}
EVERY: dict[str, Callable[[], AnyLock]] = OURS | {"anyio.Lock": anyio.Lock}

every_lock = pytest.mark.parametrize("make_lock", EVERY.values(), ids=EVERY)
our_lock = pytest.mark.parametrize("make_lock", OURS.values(), ids=OURS)
on_asyncio = pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)


async def enter(lock: AnyLock) -> None:
    """Take `lock` by `async with`, and give it back at once."""
    async with lock:
        pass


async def call_acquire(lock: AnyLock) -> None:
    """Take `lock` by its method."""
    await lock.acquire()


ACQUIRES: dict[str, Opposite] = {"async with": enter, "acquire": call_acquire}
every_way = pytest.mark.parametrize("take", ACQUIRES.values(), ids=ACQUIRES)


async def fill(lock: AnyLock, names: str, order: list[str], group: anyio.abc.TaskGroup) -> None:
    """Queue one task per letter of `names` for `lock`, in this order; each tells `order` when it holds it."""

    async def wait(name: str) -> None:
        async with lock:
            order.append(name)

    for name in names:
        group.start_soon(wait, name, name=name)
        await settle()


# --- what every lock promises -----------------------------------------------------------------------------


@every_lock
async def test_only_one_task_is_inside(make_lock: Callable[[], AnyLock]) -> None:
    """A section that awaits while it holds the lock is never entered twice at a time."""
    lock = make_lock()
    inside = 0
    seen: list[int] = []

    async def work() -> None:
        nonlocal inside
        for _ in range(4):
            async with lock:
                inside += 1
                await anyio.lowlevel.checkpoint()
                seen.append(inside)
                inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(work)

    assert [1] * 20 == seen
    assert not lock.locked()


@every_lock
async def test_waiters_get_the_lock_in_the_order_they_came(make_lock: Callable[[], AnyLock]) -> None:
    """The queue is strictly first in, first out."""
    lock = make_lock()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "abcde", order, group)
        lock.release()

    assert list("abcde") == order


@every_lock
async def test_nobody_barges_in_at_the_hand_over(make_lock: Callable[[], AnyLock]) -> None:
    """A released lock with a waiter is the waiter's at once: who asks in the same step is too late."""
    lock = make_lock()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "a", order, group)
        lock.release()
        with pytest.raises(anyio.WouldBlock):
            lock.acquire_nowait()
        assert lock.locked()
        async with lock:
            order.append("releaser")

    assert ["a", "releaser"] == order


@our_lock
async def test_try_acquire_does_not_barge_in_either(make_lock: Callable[[], Mutex]) -> None:
    """`try_acquire` in the step of the hand-over is False and leaves the order alone."""
    lock = make_lock()
    order: list[str] = []
    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "ab", order, group)
        lock.release()
        assert lock.try_acquire() is False
        assert not lock.held()

    assert ["a", "b"] == order


@every_lock
async def test_acquire_nowait_takes_or_would_block(make_lock: Callable[[], AnyLock]) -> None:
    """`acquire_nowait` takes a free lock and raises `anyio.WouldBlock` for one that another task holds."""
    lock = make_lock()
    outcomes: list[str] = []

    async def other() -> None:
        try:
            lock.acquire_nowait()
        except anyio.WouldBlock:
            outcomes.append("would block")

    lock.acquire_nowait()
    assert lock.locked()
    async with anyio.create_task_group() as group:
        group.start_soon(other)
    lock.release()

    assert ["would block"] == outcomes
    assert not lock.locked()


@every_lock
async def test_acquire_nowait_by_the_holder_is_a_runtime_error(make_lock: Callable[[], AnyLock]) -> None:
    """For the holder itself `acquire_nowait` is the same mistake as `acquire`, as `anyio.Lock` has it."""
    lock = make_lock()
    async with lock:
        with pytest.raises(RuntimeError):
            lock.acquire_nowait()
        assert lock.locked()

    assert not lock.locked()


@our_lock
async def test_try_acquire_tells_whether_it_took_the_lock(make_lock: Callable[[], Mutex]) -> None:
    """True for a free lock; False for a held one, also when you hold it yourself."""
    lock = make_lock()
    answers: list[bool] = []

    async def other() -> None:
        answers.append(lock.try_acquire())

    answers.append(lock.try_acquire())
    answers.append(lock.try_acquire())
    async with anyio.create_task_group() as group:
        group.start_soon(other)
    lock.release()
    answers.append(lock.try_acquire())
    lock.release()

    assert [True, False, False, True] == answers
    assert not lock.locked()


@our_lock
async def test_held_asks_for_the_current_task(make_lock: Callable[[], Mutex]) -> None:
    """`locked` is true for everybody while one task holds the lock, `held` for that task alone."""
    lock = make_lock()
    seen: list[tuple[bool, bool]] = []

    async def other() -> None:
        seen.append((lock.locked(), lock.held()))

    async with anyio.create_task_group() as group:
        seen.append((lock.locked(), lock.held()))
        async with lock:
            seen.append((lock.locked(), lock.held()))
            group.start_soon(other)
            await settle()
        seen.append((lock.locked(), lock.held()))

    assert [(False, False), (True, True), (True, False), (False, False)] == seen


@every_lock
async def test_statistics_are_those_of_anyio(make_lock: Callable[[], AnyLock]) -> None:
    """`statistics()` is anyio's `LockStatistics`: locked, the owner as `TaskInfo`, how many wait."""
    lock = make_lock()
    me = anyio.get_current_task()
    seen = [lock.statistics()]
    async with anyio.create_task_group() as group:
        await lock.acquire()
        seen.append(lock.statistics())
        await fill(lock, "ab", [], group)
        seen.append(lock.statistics())
        lock.release()
    seen.append(lock.statistics())

    expected = [
        anyio.LockStatistics(False, None, 0),
        anyio.LockStatistics(True, me, 0),
        anyio.LockStatistics(True, me, 2),
        anyio.LockStatistics(False, None, 0),
    ]
    assert expected == seen


def test_the_name_is_kept() -> None:
    """A mutex can have a name."""

    assert "stock" == Mutex("stock").name
    assert "stock" == Mutex(name="stock", fast_acquire=True).name


def test_statistics_and_locked_need_no_loop() -> None:
    """A mutex that nobody has used yet can be asked where no task runs."""
    lock = Mutex()

    assert not lock.locked()
    assert anyio.LockStatistics(False, None, 0) == lock.statistics()


# --- cancellation -----------------------------------------------------------------------------------------


@every_lock
@every_way
async def test_acquire_in_a_cancelled_scope_does_not_take_a_free_lock(
    make_lock: Callable[[], AnyLock], take: Opposite
) -> None:
    """Every acquire is a cancellation point, the uncontended one too, and a cancelled one takes nothing."""
    lock = make_lock()
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        await take(lock)
        reached = True

    assert not reached
    assert scope.cancelled_caught
    assert not lock.locked()


@our_lock
async def test_every_acquire_of_a_loop_is_a_cancellation_point(make_lock: Callable[[], Mutex]) -> None:
    """It makes no difference how many acquires went through before without a yield."""
    lock = make_lock()
    reached: list[int] = []
    for before in range(12):
        with anyio.CancelScope() as scope:
            for _ in range(before):
                await enter(lock)
            scope.cancel()
            await enter(lock)
            reached.append(before)

    assert [] == reached
    assert not lock.locked()


@every_lock
async def test_a_shield_keeps_the_cancellation_out(make_lock: Callable[[], AnyLock]) -> None:
    """Inside a shield the lock is taken and given back although the scope around it is cancelled."""
    lock = make_lock()
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            async with lock:
                await anyio.lowlevel.checkpoint()
                reached = True

    assert reached
    assert not lock.locked()


@every_lock
async def test_a_cancelled_waiter_leaves_the_queue(make_lock: Callable[[], AnyLock]) -> None:
    """The waiters behind a cancelled one move up, and are not counted with it."""
    lock = make_lock()
    order: list[str] = []

    async def impatient(scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                order.append("impatient")

    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "a", order, group)
        scope = anyio.CancelScope()
        group.start_soon(impatient, scope)
        await settle()
        await fill(lock, "b", order, group)
        scope.cancel()
        await settle()
        waiting = lock.statistics().tasks_waiting
        lock.release()

    assert 2 == waiting
    assert ["a", "b"] == order
    assert not lock.locked()


@every_lock
@pytest.mark.parametrize("first", ["release", "cancel"])
async def test_a_cancel_in_the_tick_of_the_hand_over_loses_no_lock(
    make_lock: Callable[[], AnyLock], first: str
) -> None:
    """Release and cancel in one step, in either order: the lock reaches the next, and is free in the end."""
    lock = make_lock()
    order: list[str] = []

    async def victim(scope: anyio.CancelScope) -> None:
        with scope:
            async with lock:
                order.append("victim")
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        await lock.acquire()
        scope = anyio.CancelScope()
        group.start_soon(victim, scope)
        await settle()
        await fill(lock, "a", order, group)
        if first == "release":
            lock.release()
            scope.cancel()
        else:
            scope.cancel()
            lock.release()

    assert "a" == order[-1]
    assert not lock.locked()
    assert 0 == lock.statistics().tasks_waiting


@every_lock
@on_asyncio
@pytest.mark.parametrize("first", ["release", "cancel"])
async def test_a_native_cancel_in_the_tick_of_the_hand_over_loses_no_lock(
    make_lock: Callable[[], AnyLock], first: str
) -> None:
    """The same by asyncio's own `Task.cancel`."""
    lock = make_lock()
    order: list[str] = []
    await lock.acquire()
    victim = asyncio.create_task(enter(lock), name="victim")
    await settle()
    async with anyio.create_task_group() as group:
        await fill(lock, "a", order, group)
        if first == "release":
            lock.release()
            victim.cancel()
        else:
            victim.cancel()
            lock.release()
    with pytest.raises(asyncio.CancelledError):
        await victim

    assert ["a"] == order
    assert not lock.locked()


@every_lock
@on_asyncio
async def test_a_native_cancel_takes_a_waiter_out_of_the_queue(make_lock: Callable[[], AnyLock]) -> None:
    """asyncio's own `Task.cancel` of a waiter leaves the lock with its holder and nobody in the queue."""
    lock = make_lock()
    await lock.acquire()
    victim = asyncio.create_task(enter(lock))
    await settle()
    victim.cancel()
    with pytest.raises(asyncio.CancelledError):
        await victim
    waiting = lock.statistics().tasks_waiting
    lock.release()

    assert 0 == waiting
    assert not lock.locked()


@our_lock
async def test_an_error_inside_gives_the_lock_back(make_lock: Callable[[], Mutex]) -> None:
    """`async with` releases whatever way the block ends."""
    lock = make_lock()
    with pytest.raises(ZeroDivisionError):
        async with lock:
            raise ZeroDivisionError

    assert not lock.locked()


# --- waiters whose coroutine is closed --------------------------------------------------------------------


def run_to_its_wait(coroutine: Coroutine[Any, Any, object], lock: Mutex) -> Generator[Any, Any, object]:
    """Run `coroutine` in this task until it stands in `lock`'s queue; give what it tells the loop."""
    trap = coroutine.send(None)
    while lock.statistics().tasks_waiting == 0:
        trap = coroutine.send((yield trap))
    return trap


@types.coroutine
def closed_instead_of_resumed(lock: Mutex) -> Generator[Any, Any, None]:
    """Wait for `lock` in this task; when the loop resumes the task, close the waiting coroutine instead."""
    coroutine = lock.acquire()
    trap = yield from run_to_its_wait(coroutine, lock)
    try:
        yield trap
    finally:
        coroutine.close()


@our_lock
async def test_a_waiter_closed_just_after_the_hand_over_passes_the_lock_on(
    make_lock: Callable[[], Mutex],
) -> None:
    """A coroutine that was handed the lock and is closed before it ran on gives it to the next."""
    lock = make_lock()
    order: list[str] = []

    async def doomed() -> None:
        await closed_instead_of_resumed(lock)
        await settle()
        order.append("doomed")

    async with anyio.create_task_group() as group:
        await lock.acquire()
        group.start_soon(doomed, name="doomed")
        await settle()
        await fill(lock, "a", order, group)
        lock.release()

    assert ["a", "doomed"] == order
    assert not lock.locked()


@our_lock
async def test_a_waiter_closed_while_it_waits_leaves_the_queue(make_lock: Callable[[], Mutex]) -> None:
    """A coroutine closed in the queue is gone from it: the lock goes to the next one."""
    lock = make_lock()
    order: list[str] = []

    async def doomed(scope: anyio.CancelScope) -> None:
        with scope:
            await closed_instead_of_resumed(lock)

    async with anyio.create_task_group() as group:
        await lock.acquire()
        scope = anyio.CancelScope()
        group.start_soon(doomed, scope, name="doomed")
        await settle()
        await fill(lock, "a", order, group)
        scope.cancel()
        await settle()
        waiting = lock.statistics().tasks_waiting
        lock.release()

    assert 1 == waiting
    assert ["a"] == order
    assert not lock.locked()


@our_lock
async def test_a_coroutine_driven_by_hand_and_closed_leaves_the_queue(make_lock: Callable[[], Mutex]) -> None:
    """`send(None)`, then `close()`: nobody waits any more, and the release reaches nobody."""
    lock = make_lock()

    async def holder(done: anyio.Event) -> None:
        async with lock:
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

    assert not lock.locked()


# --- misuse -----------------------------------------------------------------------------------------------


async def take_twice_by_with(lock: Mutex) -> None:
    """Enter the block of a lock inside its own block."""
    async with lock:  # noqa: SIM117  # first
        async with lock:  # second
            pass


async def take_twice_by_acquire(lock: Mutex) -> None:
    """Call `acquire` twice."""
    await lock.acquire()  # first
    try:
        await lock.acquire()  # second
    finally:
        lock.release()


async def take_twice_without_waiting(lock: Mutex) -> None:
    """Call `acquire_nowait` twice."""
    lock.acquire_nowait()  # first
    try:
        lock.acquire_nowait()  # second
    finally:
        lock.release()


async def take_twice_after_try(lock: Mutex) -> None:
    """Take it by `try_acquire` and enter its block then."""
    assert lock.try_acquire()  # first
    try:
        async with lock:  # second
            pass
    finally:
        lock.release()


async def take_twice_after_a_wait(lock: Mutex) -> None:
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


TWICE: dict[str, Callable[[Mutex], Awaitable[None]]] = {
    "async with": take_twice_by_with,
    "acquire": take_twice_by_acquire,
    "acquire_nowait": take_twice_without_waiting,
    "try_acquire": take_twice_after_try,
    "after a wait": take_twice_after_a_wait,
}


@our_lock
@pytest.mark.parametrize("take_twice", TWICE.values(), ids=TWICE)
async def test_taking_it_twice_is_a_deadlock_with_both_places(
    make_lock: Callable[[], Mutex], take_twice: Callable[[Mutex], Awaitable[None]]
) -> None:
    """Re-acquire raises `DeadlockError`, a `RuntimeError`, that says where it was taken and where again."""
    lock = make_lock()
    with pytest.raises((DeadlockError, BaseExceptionGroup)) as caught:
        await take_twice(lock)
    [error] = leaves(caught.value)

    assert isinstance(error, DeadlockError)
    assert isinstance(error, RuntimeError)
    assert place(take_twice, "first") in str(error)
    assert place(take_twice, "second") in str(error)
    assert not lock.locked()


async def test_a_deadlock_error_names_the_lock_and_the_task() -> None:
    """The report names what waits for itself."""
    texts: list[str] = []

    async def greedy(lock: Mutex) -> None:
        try:
            await take_twice_by_with(lock)
        except DeadlockError as error:
            texts.append(str(error))

    async with anyio.create_task_group() as group:
        group.start_soon(greedy, Mutex("stock"), name="greedy")

    [text] = texts
    assert "stock" in text
    assert "greedy" in text


async def release_free(lock: AnyLock) -> None:
    """Release a lock that was never taken."""
    lock.release()


async def release_twice(lock: AnyLock) -> None:
    """Release once too often."""
    await lock.acquire()
    lock.release()
    lock.release()


async def release_after_a_failed_try(lock: AnyLock) -> None:
    """Release after an `acquire` that was cancelled."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await lock.acquire()
    lock.release()


async def release_of_another(lock: AnyLock) -> None:
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


async def release_in_a_child(lock: AnyLock) -> None:
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


RELEASES: dict[str, Opposite] = {
    "free": release_free,
    "twice": release_twice,
    "after a cancelled acquire": release_after_a_failed_try,
    "held by another": release_of_another,
    "held by the parent": release_in_a_child,
}


async def misuse_text(release: Opposite, lock: AnyLock) -> str:
    """Give the text of the error of a wrong release, in a task of a known name."""
    texts: list[str] = []

    async def wrongdoer() -> None:
        try:
            await release(lock)
        except (RuntimeError, BaseExceptionGroup) as error:
            [leaf] = leaves(error)
            assert isinstance(leaf, RuntimeError)
            texts.append(str(leaf))

    async with anyio.create_task_group() as group:
        group.start_soon(wrongdoer, name="wrongdoer")
    assert not lock.locked()
    return texts[0]


@every_lock
@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
async def test_a_wrong_release_is_a_runtime_error(
    make_lock: Callable[[], AnyLock], release: Opposite
) -> None:
    """Release by another task, or of a free lock, raises and changes nothing."""
    lock = make_lock()
    await misuse_text(release, lock)
    async with lock:
        assert lock.locked()


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_a_wrong_release_reads_the_same_on_every_backend(release: Opposite) -> None:
    """There is one text for the same mistake."""
    texts = {
        name: run_on(backend, partial(misuse_text, release, Mutex("stock")))
        for name, backend in BACKENDS.items()
    }

    assert 1 == len(set(texts.values())), texts
    assert "" != texts["trio"]


COPIES: dict[str, Callable[[Mutex], object]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle-{protocol}": partial(pickle.dumps, protocol=protocol) for protocol in range(6)},
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_mutex_can_not_be_duplicated(duplicate: Callable[[Mutex], object]) -> None:
    """A copy would guard nothing: `TypeError`, before and after use."""
    lock = Mutex("stock")
    with pytest.raises(TypeError):
        duplicate(lock)
    run_on(BACKENDS["asyncio"], partial(enter, lock))
    with pytest.raises(TypeError):
        duplicate(lock)


@on_asyncio
async def test_the_owner_behind_wait_for_is_explained(anyio_backend: Backend) -> None:
    """`asyncio.wait_for(lock.acquire(), 1)` runs in another task on 3.11: the error says so."""
    lock = Mutex("stock")
    await asyncio.wait_for(lock.acquire(), 1)
    if sys.version_info >= (3, 12):
        assert lock.held()
        lock.release()
        return

    with pytest.raises(RuntimeError, match="wait_for"):
        lock.release()


# --- an owner that ended ----------------------------------------------------------------------------------


async def just_end(lock: Mutex) -> None:
    """Take the lock and end."""
    await lock.acquire()


async def end_later(lock: Mutex) -> None:
    """Take the lock, wait a little, end."""
    await lock.acquire()
    await settle()


async def end_by_error(lock: Mutex) -> None:
    """Take the lock and die of an error."""
    await lock.acquire()
    await settle()
    raise LookupError("dies holding the lock")


async def end_by_cancel(lock: Mutex) -> None:
    """Take the lock and be cancelled."""
    await lock.acquire()
    await anyio.sleep_forever()


ENDS: dict[str, Callable[[Mutex], Awaitable[None]]] = {
    "at once": just_end,
    "later": end_later,
    "by an error": end_by_error,
    "by a cancel": end_by_cancel,
}


async def lose(
    lock: Mutex, end: Callable[[Mutex], Awaitable[None]], meanwhile: Awaitable[object], ended: list[bool]
) -> None:
    """Let a task named `owner` take `lock` and end holding it; await `meanwhile` before its end."""

    async def owner(scope: anyio.CancelScope) -> None:
        # The error is not ours to report: the test is about the lock that is left behind.
        with scope, contextlib.suppress(LookupError):
            await end(lock)
        ended.append(True)

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()
        group.start_soon(owner, scope, name="owner")
        await meanwhile
        scope.cancel()


@our_lock
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_waiters_of_an_owner_that_ended_are_told(
    make_lock: Callable[[], Mutex], end: Callable[[Mutex], Awaitable[None]]
) -> None:
    """Who waits when the owner ends, and who comes later, gets `OwnerEndedError` that names the owner."""
    lock = make_lock()
    told: list[tuple[str, str]] = []
    ended: list[bool] = []

    async def want(when: str) -> None:
        try:
            async with lock:
                told.append((when, "has the lock"))
        except OwnerEndedError as error:
            told.append((when, "owner" if "owner" in str(error) else str(error)))

    async with anyio.create_task_group() as group:

        async def queue_up() -> None:
            while not (lock.locked() or ended):
                await anyio.lowlevel.checkpoint()
            group.start_soon(want, "before")
            group.start_soon(want, "before")
            await settle()

        with anyio.fail_after(10):
            await lose(lock, end, queue_up(), ended)
            await settle()
            await want("after")
            await want("after")

    assert [("before", "owner")] * 2 + [("after", "owner")] * 2 == told


@our_lock
async def test_a_lost_lock_is_never_taken(make_lock: Callable[[], Mutex]) -> None:
    """Neither `try_acquire` nor `acquire_nowait` gets a lock whose owner ended; no release frees it."""
    lock = make_lock()
    await lose(lock, just_end, settle(), [])
    with pytest.raises((OwnerEndedError, anyio.WouldBlock)):
        lock.acquire_nowait()
    try:
        answer = lock.try_acquire()
    except OwnerEndedError:
        answer = False
    with pytest.raises(RuntimeError):
        lock.release()

    assert answer is False
    assert not lock.held()


@our_lock
async def test_a_new_task_is_not_taken_for_the_owner_that_ended(make_lock: Callable[[], Mutex]) -> None:
    """The owner's memory may be used again by another task: that one does not hold the lock."""
    lock = make_lock()
    await lose(lock, just_end, settle(), [])
    gc.collect()
    answers: set[object] = set()

    async def newcomer() -> None:
        answers.add(lock.held())
        try:
            await lock.acquire()
        except OwnerEndedError:
            answers.add("told")

    for _ in range(50):
        async with anyio.create_task_group() as group:
            group.start_soon(newcomer)

    assert {False, "told"} == answers


@pytest.mark.parametrize("first", BACKENDS)
@pytest.mark.parametrize("second", BACKENDS)
def test_the_next_run_starts_with_a_free_lock(first: str, second: str) -> None:
    """What one run left behind is over with that run."""
    lock = Mutex()

    async def leave_it_held() -> None:
        await lock.acquire()

    async def use_it() -> tuple[bool, bool, bool]:
        before = lock.locked()
        async with lock:
            inside = lock.held()
        return before, inside, lock.locked()

    run_on(BACKENDS[first], leave_it_held)

    assert (False, True, False) == run_on(BACKENDS[second], use_it)


# --- successive runs, other threads -----------------------------------------------------------------------

made_at_import = Mutex("made at import time")


def test_a_mutex_made_at_import_time_works_in_every_later_run() -> None:
    """It binds to no run: backends alternate, with contention in each, in the order of the queue."""
    names = [*BACKENDS, *reversed(BACKENDS)]

    async def contend() -> list[str]:
        order: list[str] = []
        async with anyio.create_task_group() as group, made_at_import:
            await fill(made_at_import, "ab", order, group)
        return order

    seen = [(name, run_on(BACKENDS[name], contend)) for name in names]

    assert [(name, ["a", "b"]) for name in names] == seen


def test_waiters_left_behind_by_a_run_are_not_served_in_the_next() -> None:
    """A run that ended by cancel with a full queue leaves none of it."""
    lock = Mutex()

    async def end_with_waiters() -> None:
        async with anyio.create_task_group() as group:
            await lock.acquire()
            await fill(lock, "abc", [], group)
            group.cancel_scope.cancel()

    async def look() -> anyio.LockStatistics:
        async with lock:
            return lock.statistics()

    for backend in BACKENDS.values():
        run_on(backend, end_with_waiters)
        statistics = run_on(backend, look)

        assert (True, 0) == (statistics.locked, statistics.tasks_waiting)


@our_lock
@pytest.mark.parametrize("elsewhere", BACKENDS)
@pytest.mark.parametrize("held", [True, False], ids=["held", "free"])
async def test_a_run_in_another_thread_can_not_use_it(
    make_lock: Callable[[], Mutex], elsewhere: str, held: bool
) -> None:
    """A mutex guards the tasks of one loop: a second run in another thread at the same time is told so."""
    lock = make_lock()
    await lock.acquire()
    if not held:
        lock.release()

    def use_it_there() -> None:
        run_on(BACKENDS[elsewhere], partial(enter, lock))

    with pytest.raises(RuntimeError, match="thread") as caught:
        run_in_thread(use_it_there)
    if held:
        assert lock.held()
        lock.release()
    async with lock:
        assert lock.held()

    assert not isinstance(caught.value, DeadlockError)


THREADED: dict[str, Callable[[Mutex], object]] = {
    "acquire_nowait": Mutex.acquire_nowait,
    "try_acquire": Mutex.try_acquire,
    "release": Mutex.release,
}


@pytest.mark.parametrize("call", THREADED.values(), ids=THREADED)
async def test_a_thread_without_a_loop_can_not_use_it(call: Callable[[Mutex], object]) -> None:
    """A worker thread can neither take nor give back what a task holds."""
    lock = Mutex()
    async with lock:
        with pytest.raises(RuntimeError, match="thread"):
            run_in_thread(partial(call, lock))
        assert lock.held()


def test_a_run_in_another_thread_may_use_it_later() -> None:
    """One run after the other is fine, whatever the thread."""
    lock = Mutex()
    for backend in BACKENDS.values():
        run_on(backend, partial(enter, lock))
        run_in_thread(partial(run_on, backend, partial(enter, lock)))

    assert not lock.locked()


# --- fairness, and when an acquire yields -----------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 1000])
async def test_a_loop_over_free_locks_lets_others_run(count: int) -> None:
    """Beside a task that loops over one lock, or a thousand in turn, another one gets its steps."""
    locks = itertools.cycle([Mutex() for _ in range(count)])
    steps = 0

    async def other() -> None:
        nonlocal steps
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
            steps += 1

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        for _ in range(100_000):
            async with next(locks):
                pass
            if steps == 20:
                break

        assert 20 == steps


async def test_the_fast_kind_never_yields_when_free() -> None:
    """`fast_acquire=True` is documented not to: 2,000 acquires are one step."""
    lock = Mutex(fast_acquire=True)
    steps = 0

    async def other() -> None:
        nonlocal steps
        await anyio.lowlevel.checkpoint()
        steps += 1

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        for _ in range(2000):
            async with lock:
                pass
        seen = steps

    assert 0 == seen


async def test_an_acquire_yields_before_it_takes_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a driven run every acquire yields, and nobody ever sees the lock held meanwhile."""
    monkeypatch.setattr(probe, "driven", True)
    lock = Mutex()
    seen: list[bool] = []
    done = False

    async def other() -> None:
        while not done:
            seen.append(lock.locked())
            await anyio.lowlevel.checkpoint()

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


async def uncontended(lock: Mutex) -> None:
    """One task, one lock, three ways to take it."""
    async with lock:
        pass
    lock.acquire_nowait()
    lock.release()
    assert lock.try_acquire()
    assert not lock.try_acquire()
    lock.release()


async def contended(lock: Mutex) -> None:
    """One waiter."""
    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "a", [], group)
        lock.release()


async def refused(lock: Mutex) -> None:
    """One task holds, another only tries."""

    async def attempt() -> None:
        assert not lock.try_acquire()
        with pytest.raises(anyio.WouldBlock):
            lock.acquire_nowait()

    async with lock, anyio.create_task_group() as group:
        group.start_soon(attempt)


async def abandoned(lock: Mutex) -> None:
    """One waiter that is cancelled."""
    async with anyio.create_task_group() as group:
        await lock.acquire()
        await fill(lock, "a", [], group)
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settle()
        lock.release()


async def abandoned_by_the_owner(lock: Mutex) -> None:
    """One waiter that is told that the owner ended."""

    async def wait() -> None:
        with pytest.raises(OwnerEndedError):
            await lock.acquire()

    async def owner(waiting: anyio.Event) -> None:
        await lock.acquire()
        await waiting.wait()

    async with anyio.create_task_group() as group:
        waiting = anyio.Event()
        group.start_soon(owner, waiting)
        await settle()
        group.start_soon(wait)
        await settle()
        waiting.set()


async def wrong(lock: Mutex) -> None:
    """A release that raises."""
    with pytest.raises(RuntimeError):
        lock.release()


HEARD: dict[str, tuple[Callable[[Mutex], Awaitable[None]], list[type]]] = {
    "uncontended": (uncontended, [LockAcquired, LockReleased] * 3),
    "contended": (contended, [LockAcquired, LockWanted, LockReleased, LockAcquired, LockReleased]),
    "refused": (refused, [LockAcquired, LockReleased]),
    "abandoned": (abandoned, [LockAcquired, LockWanted, LockAbandoned, LockReleased]),
    "owner ended": (abandoned_by_the_owner, [LockAcquired, LockWanted, LockAbandoned]),
    "wrong release": (wrong, []),
}


@our_lock
@pytest.mark.parametrize("program", HEARD)
async def test_the_probe_hears_what_happens(make_lock: Callable[[], Mutex], program: str) -> None:
    """The sequence of events is the life of the lock, and only of this one."""
    heard: list[Event] = []
    lock = make_lock()
    run, expected = HEARD[program]
    with probe.listening(heard.append):
        await run(lock)

    assert expected == [type(event) for event in heard]
    assert all(event[0] is lock for event in heard)


@our_lock
async def test_events_carry_the_task_itself(make_lock: Callable[[], Mutex]) -> None:
    """Each event names the task that it is about, as the backend knows it."""
    heard: list[tuple[str, object]] = []
    tasks: dict[str, object] = {}
    lock = make_lock()

    def listen(event: Event) -> None:
        assert isinstance(event, LockWanted | LockAcquired | LockReleased | LockAbandoned)
        heard.append((type(event).__name__, event.task))

    async def waiter() -> None:
        tasks["waiter"] = native_task()
        async with lock:
            pass

    tasks["holder"] = native_task()
    with probe.listening(listen):
        async with anyio.create_task_group() as group:
            await lock.acquire()
            group.start_soon(waiter)
            await settle()
            lock.release()
    expected = [
        ("LockAcquired", tasks["holder"]),
        ("LockWanted", tasks["waiter"]),
        ("LockReleased", tasks["holder"]),
        ("LockAcquired", tasks["waiter"]),
        ("LockReleased", tasks["waiter"]),
    ]

    assert expected == heard


async def test_a_listener_may_come_and_go_while_the_lock_is_held() -> None:
    """Events begin with the listener's first and end with its last moment, and the lock works on."""
    heard: list[type] = []
    lock = Mutex()

    def listen(event: Event) -> None:
        heard.append(type(event))

    async with lock:
        probe.attach(listen)
    async with lock:
        probe.detach(listen)
    async with lock:
        pass

    assert [LockReleased, LockAcquired] == heard
    assert not lock.locked()
