"""`Guarded`: the value is reached by who holds its lock, inside the block, and by nobody else."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, assert_type

import anyio
import anyio.lowlevel
import pytest
from turns import BACKENDS, native_task, run_in_thread, run_on, settle

from anymutex import DeadlockError, Guarded, KeyedMutex, Mutex, OwnerEndedError, RWMutex

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Use: TypeAlias = Callable[[Guarded[int]], Awaitable[object]]

LOCKS: dict[str, Callable[[], object]] = {
    "its own": lambda: None,
    "Mutex": Mutex,
    "RWMutex": RWMutex,
    "keyed": lambda: KeyedMutex[str]()["key"],
    "anyio.Lock": anyio.Lock,
}


def locks_but(*names: str) -> pytest.MarkDecorator:
    """Run the test with every lock but these."""
    makes = {name: make for name, make in LOCKS.items() if name not in names}
    return pytest.mark.parametrize("make_lock", makes.values(), ids=makes)


every_lock = locks_but()
our_lock = locks_but("anyio.Lock")
unshared_lock = locks_but("RWMutex")


async def value_of(guarded: Guarded[int]) -> int:
    """Enter and read."""
    async with guarded as guard:
        return guard.value


def read(handle: Any) -> object:
    """Read by a handle."""
    return handle.value


def write(handle: Any) -> None:
    """Assign by a handle."""
    handle.value = 7


def told(handle: Any, *uses: Callable[[Any], object]) -> set[str]:
    """Give what the uses of a handle are told: all that there are, by default."""
    texts: set[str] = set()
    for use in uses or (read, write):
        with pytest.raises(RuntimeError) as caught:
            use(handle)
        texts.add(str(caught.value))
    return texts


async def told_in_another_task(handle: Any, *uses: Callable[[Any], object]) -> set[str]:
    """The same in a task named `other`."""
    texts: set[str] = set()

    async def other() -> None:
        texts.update(told(handle, *uses))

    async with anyio.create_task_group() as group:
        group.start_soon(other, name="other")
    return texts


def lack(texts: set[str], *words: str) -> list[tuple[str, str]]:
    """The words that are missing in some of the texts."""
    assert texts
    return [(word, text) for text in texts for word in words if word not in text]


# --- the value --------------------------------------------------------------------------------------------


@every_lock
async def test_no_update_is_lost(make_lock: Callable[[], object]) -> None:
    """Reading, awaiting and writing is one step for all others."""
    hits = Guarded(0, lock=make_lock())

    async def count() -> None:
        for _ in range(5):
            async with hits as guard:
                before = guard.value
                await anyio.lowlevel.checkpoint()
                guard.value = before + 1

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(count)

    assert 30 == await value_of(hits)


@every_lock
async def test_the_value_is_read_replaced_and_changed_in_place(make_lock: Callable[[], object]) -> None:
    """What one block has left is what the next one finds, the very object."""
    first, second = ["a"], ["c"]
    names = Guarded(first, lock=make_lock())
    async with names as guard:
        found = [guard.value]
        guard.value.append("b")
        guard.value += ["x"]
    async with names as guard:
        found.append(guard.value)
        guard.value = second
        found.append(guard.value)
    async with names as guard:
        found.append(guard.value)

    assert ["a", "b", "x"] == first
    assert [True] * 4 == [
        one is other for one, other in zip(found, [first, first, second, second], strict=True)
    ]


@every_lock
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
async def test_an_error_inside_releases_and_keeps_what_was_stored(
    make_lock: Callable[[], object], error: type[BaseException]
) -> None:
    """The block rolls nothing back, and the error goes on its way."""
    hits = Guarded(0, lock=make_lock())
    with pytest.raises(error):
        async with hits as guard:
            guard.value = 1
            raise error

    assert 1 == await value_of(hits)


@every_lock
async def test_a_cancelled_waiter_changes_nothing(make_lock: Callable[[], object]) -> None:
    """It gets no handle; those behind it are served."""
    names = Guarded([""], lock=make_lock())
    scope = anyio.CancelScope()

    async def add(name: str) -> None:
        async with names as guard:
            guard.value.append(name)

    async def impatient() -> None:
        with scope:
            await add("impatient")

    async with anyio.create_task_group() as group, names as guard:
        group.start_soon(impatient)
        await settle()
        group.start_soon(add, "patient")
        await settle()
        scope.cancel()
        await settle()
        inside = guard.value.copy()

    assert scope.cancelled_caught
    assert [""] == inside
    async with names as guard:
        assert ["", "patient"] == guard.value


@every_lock
async def test_entering_in_a_cancelled_scope_takes_nothing(make_lock: Callable[[], object]) -> None:
    """Entering is a cancellation point, also when nobody is inside."""
    hits = Guarded(0, lock=make_lock())
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with hits:
            reached = True

    assert not reached
    assert 0 == await value_of(hits)


# --- handles ----------------------------------------------------------------------------------------------


@every_lock
async def test_a_handle_is_dead_after_its_block(make_lock: Callable[[], object]) -> None:
    """After the end, an error, a cancel; also inside a later block of the same task."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    handles: list[Any] = []
    async with hits as guard:
        handles.append(guard)
    with pytest.raises(ZeroDivisionError):
        async with hits as guard:
            handles.append(guard)
            raise ZeroDivisionError
    with anyio.CancelScope() as scope:
        async with hits as guard:
            handles.append(guard)
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    outside = [told(handle) for handle in handles]
    async with hits as guard:
        inside = [told(handle) for handle in handles]
        value = guard.value

    assert 3 == len(handles)
    assert [[]] * 6 == [lack(texts, "hits") for texts in outside + inside]
    assert 0 == value


@every_lock
async def test_a_handle_is_for_the_task_that_entered(make_lock: Callable[[], object]) -> None:
    """A child of the holder does not hold: the error names the value and the task."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    async with hits as guard:
        texts = await told_in_another_task(guard)
        value = guard.value

    assert [] == lack(texts, "hits", 'task "other"')
    assert 0 == value


@every_lock
async def test_a_handle_is_no_way_in_while_another_task_is_inside(make_lock: Callable[[], object]) -> None:
    """What was carried out of an earlier block is dead in every task."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    async with hits as earlier:
        pass
    async with hits as guard:
        texts = await told_in_another_task(earlier)
        value = guard.value

    assert [] == lack(texts, "hits")
    assert 0 == value


@every_lock
async def test_a_handle_is_of_no_use_in_another_thread(make_lock: Callable[[], object]) -> None:
    """No task runs there that could hold the lock."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    async with hits as guard:
        texts = run_in_thread(partial(told, guard))
        value = guard.value

    assert [] == lack(texts, "hits")
    assert 0 == value


@every_lock
async def test_a_handle_does_not_outlive_a_release_by_hand(make_lock: Callable[[], object]) -> None:
    """Who gives the lock back inside the block is told at its end; no later block revives the handle."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    lock = hits.lock.writer if isinstance(hits.lock, RWMutex) else hits.lock
    with pytest.raises(RuntimeError) as caught:
        async with hits as guard:
            lock.release()
    after = told(guard)
    async with hits as second:
        later = told(guard)
        value = second.value

    assert not isinstance(caught.value, DeadlockError)
    assert [] == lack(after | later, "hits")
    assert 0 == value


@every_lock
async def test_a_handle_is_dead_once_its_lock_is_given_back(make_lock: Callable[[], object]) -> None:
    """The next access is told at once, as others may be inside."""
    hits = Guarded(0, lock=make_lock(), name="hits")
    lock = hits.lock.writer if isinstance(hits.lock, RWMutex) else hits.lock
    async with hits as guard:
        lock.release()
        texts = told(guard)
        lock.acquire_nowait()

    assert [] == lack(texts, "hits")
    assert 0 == await value_of(hits)


async def test_after_a_downgrade_a_handle_does_not_write() -> None:
    """Others may be reading; the block ends as any other."""
    rw = RWMutex()
    hits = Guarded(0, lock=rw)
    async with hits as guard:
        rw.downgrade()
        with pytest.raises(RuntimeError, match="hits"):
            guard.value = 1

    assert not rw.reader.locked()
    assert 0 == await value_of(hits)


async def test_the_repr_of_a_handle_tells_whether_it_lives() -> None:
    """It shows no value, and may be looked at by anybody."""
    hits = Guarded(123456, name="hits")
    async with hits as guard:
        inside = repr(guard)

    assert "hits" in inside
    assert "dead" not in inside
    assert "dead" in repr(guard)
    assert "123456" not in inside + repr(guard) + repr(hits)


# --- reading together -------------------------------------------------------------------------------------


async def test_readers_read_at_the_same_time_and_never_beside_a_writer() -> None:
    """`read()` is shared; who enters by `async with guarded` is alone."""
    pair = Guarded([0, 0], lock=RWMutex())
    inside = 0
    together: list[int] = []
    torn: list[list[int]] = []

    async def look() -> None:
        nonlocal inside
        for _ in range(4):
            async with pair.read() as view:
                inside += 1
                before = view.value.copy()
                await anyio.lowlevel.checkpoint()
                together.append(inside)
                if before != view.value or before[0] != before[1]:
                    torn.append(before)
                inside -= 1

    async def change() -> None:
        for number in range(4):
            async with pair as guard:
                guard.value[0] = number
                await anyio.lowlevel.checkpoint()
                guard.value[1] = number

    async with anyio.create_task_group() as group:
        for work in (look, change, look, look):
            group.start_soon(work)

    assert 3 == max(together)
    assert [] == torn
    async with pair.read() as view:
        assert [3, 3] == view.value


async def test_a_view_can_not_be_assigned_to() -> None:
    """`AttributeError`, as for any property that is only read."""
    hits = Guarded(0, lock=RWMutex())
    async with hits.read() as view:
        with pytest.raises(AttributeError):
            view.value = 1  # type: ignore[misc]
        value = view.value

    assert 0 == value


async def test_a_view_is_dead_after_its_block_and_for_other_tasks() -> None:
    """As a handle is, whatever else the task holds later."""
    hits = Guarded(0, lock=RWMutex(), name="hits")
    async with hits.read() as view:
        elsewhere = await told_in_another_task(view, read)
    after = told(view, read)
    async with hits.read():
        after |= told(view, read)
    async with hits:
        after |= told(view, read)

    assert [] == lack(elsewhere, "hits", 'task "other"')
    assert [] == lack(after, "hits")


async def test_a_reading_may_be_entered_again_and_by_others() -> None:
    """`reading = guarded.read()` keeps nothing of who is inside: who leaves takes nobody's view along."""
    hits = Guarded(7, lock=RWMutex(), name="hits")
    reading = hits.read()
    seen: list[int] = []

    async def look(turns: int) -> None:
        async with reading as view:
            for _ in range(turns):
                await settle()
            seen.append(view.value)

    async with anyio.create_task_group() as group:
        group.start_soon(look, 1)
        group.start_soon(look, 2)
    async with reading as first:
        pass
    async with reading as second:
        texts = told(first, read)
        seen.append(second.value)

    assert [7, 7, 7] == seen
    assert [] == lack(texts, "hits")
    assert not hits.lock.reader.locked()


async def test_an_error_or_a_cancel_ends_a_reading() -> None:
    """A writer gets in afterwards."""
    hits = Guarded(0, lock=RWMutex())
    with pytest.raises(ZeroDivisionError):
        async with hits.read():
            raise ZeroDivisionError
    with anyio.CancelScope() as scope:
        async with hits.read():
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    async with hits as guard:
        guard.value = 1

    assert not hits.lock.reader.locked()
    assert 1 == await value_of(hits)


async def test_a_cancelled_reader_that_waits_sees_nothing() -> None:
    """It leaves the queue of the writer's lock, which goes on."""
    hits = Guarded(0, lock=RWMutex())
    seen: list[int] = []

    async def look() -> None:
        async with hits.read() as view:
            seen.append(view.value)

    async with anyio.create_task_group() as group, hits as guard:
        group.start_soon(look)
        await settle()
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settle()
        waiting = hits.lock.reader.statistics().tasks_waiting
        guard.value = 1

    assert 0 == waiting
    assert [] == seen
    assert 1 == await value_of(hits)


# --- its lock ---------------------------------------------------------------------------------------------


@every_lock
def test_the_lock_is_the_one_that_was_given(make_lock: Callable[[], object]) -> None:
    """`guarded.lock` is that object, or by default a Mutex of its own."""
    lock = make_lock()
    hits = Guarded(0, lock=lock)

    assert hits.lock is lock if lock is not None else isinstance(hits.lock, Mutex)


@every_lock
async def test_who_holds_the_lock_keeps_others_out(make_lock: Callable[[], object]) -> None:
    """Taken by hand, or by another value that has the same lock."""
    hits = Guarded(0, lock=make_lock())
    misses = Guarded(0, lock=hits.lock)
    by_hand = hits.lock.writer if isinstance(hits.lock, RWMutex) else hits.lock
    entered: list[str] = []

    async def enter(name: str, guarded: Guarded[int]) -> None:
        async with guarded:
            entered.append(name)

    async with anyio.create_task_group() as group:
        async with by_hand:
            group.start_soon(enter, "hits", hits)
            await settle()
            early = entered.copy()
        await settle()
        async with hits:
            group.start_soon(enter, "misses", misses)
            await settle()
            between = entered.copy()

    assert [] == early
    assert ["hits"] == between
    assert ["hits", "misses"] == entered


class NoLock:
    """Has the methods of a lock, and can't tell who holds it."""

    async def acquire(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


REFUSED: dict[str, Callable[[], object]] = {
    "a class": lambda: Mutex,
    "KeyedMutex": KeyedMutex,
    "one side of an RWMutex that others share": lambda: RWMutex().reader,
    "asyncio.Lock": asyncio.Lock,
    "threading.Lock": threading.Lock,
    "anyio.Semaphore": lambda: anyio.Semaphore(1),
    "anyio.CapacityLimiter": lambda: anyio.CapacityLimiter(1),
    "no owner": NoLock,
    "Guarded": lambda: Guarded(0),
    "a string": lambda: "lock",
    "False": lambda: False,
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_can_not_guard_is_refused(make: Callable[[], object]) -> None:
    """`TypeError` that lists what is accepted."""
    with pytest.raises(TypeError) as caught:
        Guarded(0, lock=make())

    assert [] == [
        name for name in ("Mutex", "RWMutex", "keyed[key]", "anyio.Lock") if name not in str(caught.value)
    ]


@our_lock
async def test_an_owner_that_ended_inside_is_told(make_lock: Callable[[], object]) -> None:
    """The value may be half done: nobody gets it any more in this run."""
    hits = Guarded(0, lock=make_lock(), name="hits")

    async def owner() -> None:
        await hits.__aenter__()

    async with anyio.create_task_group() as group:
        group.start_soon(owner, name="owner")
    with pytest.raises(OwnerEndedError, match='task "owner" ended'):
        await value_of(hits)


@our_lock
def test_nothing_is_kept_of_an_owner_that_ended_inside(make_lock: Callable[[], object]) -> None:
    """Its task is gone once a later run has used the value."""
    hits = Guarded(0, lock=make_lock())
    owners: weakref.WeakSet[Any] = weakref.WeakSet()

    async def owner() -> None:
        owners.add(native_task())
        await hits.__aenter__()

    async def main() -> int:
        value = await value_of(hits)
        async with anyio.create_task_group() as group:
            group.start_soon(owner)
        return value

    for _ in range(2):
        for backend in BACKENDS.values():
            run_on(backend, main)
    gc.collect()

    assert 1 >= len(owners)


@our_lock
def test_one_made_at_import_time_works_in_every_run(make_lock: Callable[[], object]) -> None:
    """The value lives on from run to run, the lock is free in each, also if the last one left it held."""
    hits = Guarded(0, lock=make_lock())

    async def count() -> int:
        async with hits as guard:
            guard.value += 1
            value = guard.value
        await hits.__aenter__()
        return value

    seen = [run_on(backend, count) for backend in (*BACKENDS.values(), *BACKENDS.values())]

    assert [*range(1, 2 * len(BACKENDS) + 1)] == seen


# --- misuse -----------------------------------------------------------------------------------------------


async def enter_twice(guarded: Guarded[int]) -> None:
    """Enter the block inside the block."""
    async with guarded, guarded:
        pass


async def read_inside(guarded: Guarded[int]) -> None:
    """Read while writing."""
    async with guarded, guarded.read():
        pass


async def write_inside(guarded: Guarded[int]) -> None:
    """Write while reading."""
    async with guarded.read(), guarded:
        pass


async def read_without_readers(guarded: Guarded[int]) -> None:
    """Read what can't be shared."""
    guarded.read()


async def get_the_value(guarded: Guarded[int]) -> None:
    """Read past the lock."""
    assert guarded.value


async def set_the_value(guarded: Guarded[int]) -> None:
    """Write past the lock."""
    guarded.value = 1


async def leave_without_entering(guarded: Guarded[int]) -> None:
    """End a block that never began."""
    await guarded.__aexit__(None, None, None)


async def copy_it(guarded: Guarded[int]) -> None:
    """A copy would share the value and not the lock, or the other way round."""
    copy.copy(guarded)


async def copy_it_deeply(guarded: Guarded[int]) -> None:
    """The same."""
    copy.deepcopy(guarded)


async def pickle_it(guarded: Guarded[int]) -> None:
    """The same."""
    pickle.dumps(guarded)


MUTEX, RW = Mutex, RWMutex
MISUSES: list[tuple[Use, Callable[..., Any], type[Exception], list[str]]] = [
    (enter_twice, MUTEX, DeadlockError, ["hits"]),
    (enter_twice, RW, DeadlockError, ["hits.writer"]),
    (read_inside, RW, DeadlockError, ["hits.reader", "hits.writer"]),
    (write_inside, RW, DeadlockError, ["hits.reader", "hits.writer"]),
    (read_without_readers, MUTEX, TypeError, ["hits.read()", "RWMutex", "Mutex"]),
    (get_the_value, MUTEX, AttributeError, ["async with hits as guard", "guard.value"]),
    (set_the_value, MUTEX, AttributeError, ["async with hits as guard", "guard.value = "]),
    (leave_without_entering, MUTEX, RuntimeError, ["hits"]),
    (leave_without_entering, RW, RuntimeError, ["hits.writer"]),
    (copy_it, MUTEX, TypeError, ["Guarded can't be copied"]),
    (copy_it_deeply, MUTEX, TypeError, ["Guarded can't be copied"]),
    (pickle_it, MUTEX, TypeError, ["Guarded can't be copied or pickled"]),
]


@pytest.mark.parametrize(
    ("misuse", "make_lock", "error", "words"),
    MISUSES,
    ids=[f"{misuse.__name__}, {make.__name__}" for misuse, make, *_ in MISUSES],
)
async def test_a_misuse_is_told_in_plain_words(
    misuse: Use, make_lock: Callable[..., Any], error: type[Exception], words: list[str]
) -> None:
    """The words name the value and the way out; the lock is free afterwards and the value what it was."""
    hits = Guarded(0, lock=make_lock("hits"), name="hits")
    with pytest.raises(error) as caught:
        await misuse(hits)

    assert [] == [word for word in words if word not in str(caught.value)]
    assert 0 == await value_of(hits)


@unshared_lock
def test_reading_needs_an_rwmutex(make_lock: Callable[[], object]) -> None:
    """Any other lock would make `read` a lie."""
    with pytest.raises(TypeError, match="RWMutex"):
        Guarded(0, lock=make_lock()).read()


async def test_leaving_in_another_task_is_refused() -> None:
    """The holder's handle goes on living."""
    hits = Guarded(0, name="hits")
    texts: list[str] = []

    async def other() -> None:
        with pytest.raises(RuntimeError) as caught:
            await hits.__aexit__(None, None, None)
        texts.append(str(caught.value))

    async with hits as guard:
        async with anyio.create_task_group() as group:
            group.start_soon(other, name="other")
        guard.value = 1

    assert "hits" in texts[0]
    assert "other" in texts[0]
    assert 1 == await value_of(hits)


def test_the_name_is_given_or_guessed() -> None:
    """Of the value, and of the lock that it has by default."""
    hits = Guarded(0)

    assert ("hits", "hits") == (hits.name, hits.label)
    assert "hits" == hits.lock.label
    assert ("total", "total") == (Guarded(0, name="total").name, Guarded(0, name="total").lock.label)


# --- types ------------------------------------------------------------------------------------------------


async def test_the_type_of_the_value_is_known() -> None:
    """mypy, which is strict here, fails if it can't tell these types or would let the wrong ones pass."""
    hits = Guarded(0, lock=RWMutex())
    assert_type(hits, Guarded[int])
    async with hits as guard:
        assert_type(guard.value, int)
        guard.value += 1
        with pytest.raises(TypeError):
            guard.value += "x"  # type: ignore[operator]
        guard.value = "x"  # type: ignore[assignment]
        guard.value = 2
    async with hits.read() as view:
        assert_type(view.value, int)
        value: int = view.value
    names: Guarded[list[str] | None] = Guarded(None)
    async with names as other:
        assert_type(other.value, list[str] | None)
        other.value = ["ann"]

    assert 2 == value
