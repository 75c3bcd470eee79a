"""What goes wrong in other libraries' locks, seen on the versions named, and does not here.

Each test says which package does what, and where to read about it; none of them is needed here.
`Condition` has no equivalent in anymutex, so two defects have no test of their own:
- anyio 4.16.0's `Condition.wait` ends without holding the lock when asyncio cancels it a second time, while
  it takes the lock again (`_core/_synchronization.py`, the `finally` of `Condition.wait`);
- trio 0.35.0's loses a notification if the notified task is cancelled in the same step. asyncio had the same:
  https://github.com/python/cpython/issues/112202. trio thinks of dropping the class:
  https://github.com/python-trio/trio/issues/1082.
What the second comes down to is tested: a wake-up must not be lost with the task it was for.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from standoffs import alarm, in_time
from turns import ASYNCIO_BACKENDS, BACKENDS, run_on, settle

from anymutex import DeadlockError, Guarded, KeyedMutex, Mutex, OwnerEndedError, RWMutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

on_asyncio = pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)


def make_lock(kind: str) -> Any:
    """Make a lock of this kind."""
    match kind:
        case "reader":
            return RWMutex("book").reader
        case "writer":
            return RWMutex("book").writer
        case "key":
            keyed: KeyedMutex[str] = KeyedMutex("accounts")
            return keyed["x"]
        case "guarded":
            return Guarded(0, name="hits")
        case _:
            return Mutex("mux")


every_lock = pytest.mark.parametrize("kind", ["mutex", "reader", "writer", "key"])
every_exclusive_lock = pytest.mark.parametrize("kind", ["mutex", "writer", "key"])


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """Let no test run for ever."""
    with alarm():
        yield


# --- anyio ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mutex", "reader", "writer", "key", "guarded"])
@pytest.mark.parametrize("second", BACKENDS)
@pytest.mark.parametrize("first", BACKENDS)
def test_a_lock_made_outside_a_loop_belongs_to_no_backend(first: str, second: str, kind: str) -> None:
    """anyio 4.16.0: `Lock()` made where no loop runs is that of the backend that uses it first, for ever.

    With trio after asyncio it raises "no running event loop" (`LockAdapter._lock`; its author on the binding:
    https://github.com/pydantic/pydantic-ai/pull/3012).
    """
    lock = make_lock(kind)
    seen: list[str] = []

    async def enter(name: str) -> None:
        async with lock:
            await anyio.lowlevel.checkpoint()
            seen.append(name)

    async def contend(name: str) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(enter, name)

    for backend in (first, second):

        async def main(name: str = backend) -> None:
            await in_time(lambda: contend(name))

        run_on(BACKENDS[backend], main)

    assert [first] * 3 + [second] * 3 == seen


@every_exclusive_lock
async def test_an_owner_that_ended_is_told_to_those_who_wait(kind: str) -> None:
    """anyio 4.16.0 on asyncio: when a task ends that holds the lock, who waits for it waits for ever.

    `_backends/_asyncio.py`, `Lock`: nobody looks whether the owner lives. So was trio, until
    https://github.com/python-trio/trio/pull/3081 (https://github.com/python-trio/trio/issues/3035), and so is
    aiorwlock 1.5.1 (`_RWLockCore`).
    """
    lock = make_lock(kind)
    told: list[str] = []

    async def forgetful() -> None:
        await lock.acquire()
        await settle()

    async def wait() -> None:
        try:
            await lock.acquire()
        except OwnerEndedError as error:
            told.append(str(error))

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(forgetful, name="forgetful")
            await anyio.lowlevel.checkpoint()
            group.start_soon(wait)
        await wait()

    await in_time(run)

    assert 2 == len(told)
    assert all("forgetful" in text for text in told)


@on_asyncio
@every_exclusive_lock
async def test_waiters_that_were_all_cancelled_do_not_block_a_free_lock(kind: str) -> None:
    """anyio, until 2026: a lock released while only cancelled tasks were in its queue was never free again.

    https://github.com/agronholm/anyio/pull/1145: whoever came in that moment waited behind them for ever.
    """
    lock = make_lock(kind)

    async def run() -> None:
        await lock.acquire()
        cancelled = asyncio.create_task(lock.acquire())
        await settle()
        later = asyncio.create_task(enter())
        cancelled.cancel()
        lock.release()
        await later
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    async def enter() -> None:
        async with lock:
            pass

    await in_time(run)

    assert not lock.locked()


@on_asyncio
@every_lock
@pytest.mark.parametrize("first", ["cancel", "release"])
async def test_a_native_cancel_beside_a_release_leaves_no_owner_behind(kind: str, first: str) -> None:
    """anyio before 3.4 gave the lock to a task that was cancelled in the same step and never knew of it.

    https://github.com/agronholm/anyio/issues/387, and in asyncio https://github.com/python/cpython/pull/1031.
    """
    book = RWMutex("book")
    lock = book.reader if kind == "reader" else make_lock(kind)
    blocker = book.writer if kind == "reader" else lock

    async def run() -> None:
        await blocker.acquire()
        victim = asyncio.create_task(lock.acquire())
        await settle()
        if first == "cancel":
            victim.cancel()
            blocker.release()
        else:
            blocker.release()
            victim.cancel()
        with pytest.raises(asyncio.CancelledError):
            await victim
        async with blocker:
            pass

    await in_time(run)

    assert not lock.locked()


@on_asyncio
@every_lock
async def test_a_cancelled_uncontended_acquire_takes_nothing(kind: str) -> None:
    """anyio before 3.5 kept the lock of a task that was cancelled at the checkpoint of a free lock's acquire.

    https://github.com/agronholm/anyio/issues/398: `__aexit__` never ran.
    """
    lock = make_lock(kind)

    async def enter() -> None:
        async with lock:
            await anyio.sleep_forever()

    async def run() -> None:
        for turns in range(4):
            task = asyncio.create_task(enter())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not lock.locked()
            async with lock:
                pass

    await in_time(run)


# --- wake-ups that get lost -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["notify", "cancel"])
@every_exclusive_lock
async def test_a_wake_up_is_not_lost_with_the_task_it_was_for(kind: str, first: str) -> None:
    """trio 0.35.0 `Condition`: if the notified task is cancelled in that step, nobody is woken.

    Here the wake-up is the hand-over of a lock: it reaches the next in the queue.
    """
    lock = make_lock(kind)
    scope = anyio.CancelScope()
    got: list[str] = []

    async def wait(name: str) -> None:
        async with lock:
            got.append(name)

    async def victim() -> None:
        with scope:
            await wait("victim")

    async def run() -> None:
        async with anyio.create_task_group() as group:
            await lock.acquire()
            group.start_soon(victim)
            await settle()
            group.start_soon(wait, "next")
            await settle()
            if first == "notify":
                lock.release()
                scope.cancel()
            else:
                scope.cancel()
                lock.release()

    await in_time(run)

    assert "next" == got[-1]
    assert not lock.locked()


async def test_the_end_of_a_creation_is_not_lost_with_a_cancelled_leader() -> None:
    """The same for those who wait for a value: when its maker is cancelled, one of them makes it."""
    cache: SharedMap[str, str] = SharedMap()
    scope = anyio.CancelScope()
    got: list[str] = []

    async def never() -> str:
        await anyio.sleep_forever()
        return "never"

    async def make() -> str:
        return "made"

    async def lead() -> None:
        with scope:
            await cache.get_or_create("key", never)

    async def follow() -> None:
        got.append(await cache.get_or_create("key", make))

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(lead)
            await settle()
            for _ in range(3):
                group.start_soon(follow)
            await settle()
            scope.cancel()

    await in_time(run)

    assert ["made"] * 3 == got


# --- aiorwlock --------------------------------------------------------------------------------------------


async def test_a_cancelled_waiting_writer_frees_the_readers_behind_it() -> None:
    """aiorwlock 1.5.1: they wait on until the readers that are inside have left.

    `_RWLockCore._wake_up` wakes nobody while somebody reads. https://github.com/aio-libs/aiorwlock/issues/400
    is an older form; sglang has it as well: https://github.com/sgl-project/sglang/pull/31657.
    """
    book = RWMutex("book")
    scope = anyio.CancelScope()
    got: list[str] = []

    async def write() -> None:
        with scope:
            async with book.writer:
                got.append("writer")

    async def read() -> None:
        async with book.reader:
            got.append("reader")

    async def run() -> None:
        async with anyio.create_task_group() as group, book.reader:
            group.start_soon(write)
            await settle()
            for _ in range(3):
                group.start_soon(read)
            await settle()
            assert [] == got
            scope.cancel()
            await settle()
            assert ["reader"] * 3 == got

    await in_time(run)

    assert not book.reader.locked()
    assert not book.writer.locked()


async def hammer(enter: Callable[[], Any], others: int, meanwhile: Callable[[], Any]) -> None:
    """Let several tasks enter and leave without a pause between, and do `meanwhile`."""
    async with anyio.create_task_group() as group:

        async def loop() -> None:
            while True:
                async with enter():
                    await anyio.lowlevel.checkpoint()

        for _ in range(others):
            group.start_soon(loop)
        await settle()
        await meanwhile()
        group.cancel_scope.cancel()


async def test_writers_do_not_starve_a_reader() -> None:
    """aiorwlock 1.5.1: two writers that take turns keep a reader out for ever.

    `_RWLockCore._wake_up` looks at the queue of the writers first, always.
    """
    book = RWMutex("book")
    turns = 0

    async def read() -> None:
        async with book.reader:
            pass

    async def count() -> None:
        nonlocal turns
        async with anyio.create_task_group() as group:

            async def tick() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await anyio.lowlevel.checkpoint()

            group.start_soon(tick)
            await read()
            group.cancel_scope.cancel()

    await in_time(lambda: hammer(lambda: book.writer, 2, count))

    assert turns < 50


async def test_readers_do_not_starve_a_writer() -> None:
    """The other way round: readers that overlap keep a writer out where new ones may pass it.

    As in crewAI: https://github.com/crewAIInc/crewAI/pull/4541.
    """
    book = RWMutex("book")
    written = 0

    async def write() -> None:
        nonlocal written
        for _ in range(5):
            async with book.writer:
                written += 1

    await in_time(lambda: hammer(lambda: book.reader, 3, write))

    assert 5 == written


async def test_an_upgrade_is_an_error_and_leaves_the_read_lock_alone() -> None:
    """aiorwlock 1.5.1 raises too, naming nothing; a lock without owners waits for ever there."""
    book = RWMutex("book")

    async def run() -> None:
        async with book.reader:
            with pytest.raises(DeadlockError):
                await book.writer.acquire()
            assert book.reader.held()
            assert not book.writer.held()
        async with book.writer:
            pass

    await in_time(run)


@on_asyncio
async def test_a_timeout_around_acquire_leaves_the_lock_usable() -> None:
    """aiorwlock up to 1.4: a writer that timed out was counted out without having been counted in.

    https://github.com/aio-libs/aiorwlock/issues/400: nobody could take the lock again.
    """
    book = RWMutex("book")

    async def write() -> None:
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.01):
                await book.writer.acquire()

    async def run() -> None:
        async with book.reader:
            for _ in range(3):
                await asyncio.create_task(write())
        async with book.writer:
            pass
        async with book.reader:
            pass

    await in_time(run)


# --- aiologic ---------------------------------------------------------------------------------------------


@every_lock
async def test_a_loop_over_a_free_lock_lets_others_run(kind: str) -> None:
    """aiologic 0.17.1 on asyncio: acquiring a free lock is no checkpoint, a loop over it starves all others.

    Its checkpoints are off there by default (`lowlevel/_checkpoints.py`), as in asyncio itself
    (https://github.com/python/asyncio/issues/486).
    """
    lock = make_lock(kind)
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(tick)
            await settle()
            before = turns
            for _ in range(1000):
                async with lock:
                    pass
            assert turns - before >= 10
            group.cancel_scope.cancel()

    await in_time(run)


@every_lock
async def test_acquiring_a_free_lock_in_a_cancelled_scope_is_cancelled(kind: str) -> None:
    """aiologic 0.17.1 on asyncio takes the lock in a cancelled scope, for the same reason.

    A loop over the lock could not be cancelled: https://github.com/Joshuaalbert/FairAsyncRLock/pull/27.
    """
    lock = make_lock(kind)

    async def run() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            async with lock:
                pytest.fail("taken in a cancelled scope")
        assert scope.cancelled_caught

    await in_time(run)

    assert not lock.locked()


async def test_a_ring_is_told() -> None:
    """aiologic 0.17.1, anyio and trio know only the lock that a task holds itself.

    Wished for in https://github.com/x42005e1f/aiologic/issues/38 and
    https://github.com/python-trio/trio/issues/182. `test_deadlocks.py` has the whole of it.
    """
    x, y = Mutex("x"), Mutex("y")
    told: list[DeadlockError] = []

    async def take(first: Mutex, second: Mutex) -> None:
        async with first:
            await settle()
            try:
                await second.acquire()
            except DeadlockError as error:
                told.append(error)
            else:
                second.release()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(take, x, y)
            group.start_soon(take, y, x)

    await in_time(run)

    assert 1 == len(told)
