"""`KeyedMutex`: entries that come and go, equal keys, and several keys at once.

What one of its locks shares with all locks is in `test_every_lock.py`.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import pickle
import random
import types
import weakref
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from turns import BACKENDS, run_on, settle

from anymutex import DeadlockError, KeyedMutex, OwnerEndedError
from anymutex.testing.driver import driving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Hashable


class Holder:
    """Another task that holds some keys until it is told to let go."""

    def __init__(self, keyed: KeyedMutex[str], keys: tuple[str, ...]) -> None:
        self._keyed = keyed
        self._keys = keys
        self._told = anyio.Event()

    async def hold(self) -> None:
        """The body of its task."""
        async with contextlib.AsyncExitStack() as stack:
            for key in self._keys:
                await stack.enter_async_context(self._keyed[key])
            await self._told.wait()

    async def let_go(self) -> None:
        """Release them."""
        self._told.set()
        await settle()


@contextlib.asynccontextmanager
async def held_by_another(keyed: KeyedMutex[str], *keys: str) -> AsyncIterator[Holder]:
    """Another task holds `keys`, in the end until the end."""
    holder = Holder(keyed, keys)
    async with anyio.create_task_group() as group:
        group.start_soon(holder.hold, name="holder")
        await settle()
        yield holder
        await holder.let_go()


async def enter(block: Any) -> None:
    """Go in and out."""
    async with block:
        pass


# --- entries ----------------------------------------------------------------------------------------------


async def test_an_entry_is_there_while_its_key_is_held() -> None:
    """`len` counts the keys that are live, `in` asks for one."""
    keyed: KeyedMutex[str] = KeyedMutex()
    seen: list[tuple[int, bool, bool]] = []

    def look() -> None:
        seen.append((len(keyed), "a" in keyed, "b" in keyed))

    look()
    async with keyed["a"]:
        look()
        async with keyed["b"]:
            look()
        look()
    look()

    assert [(0, False, False), (1, True, False), (2, True, True), (1, True, False), (0, False, False)] == seen


async def test_keys_do_not_wait_for_each_other() -> None:
    """Who holds one key is in nobody's way who wants another."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with held_by_another(keyed, "a"):
        async with keyed["b"]:
            seen = keyed["a"].locked(), keyed["a"].held(), keyed["b"].locked(), keyed["b"].held()
        with pytest.raises(anyio.WouldBlock):
            keyed["a"].acquire_nowait()

    assert (True, False, True, True) == seen


async def test_an_entry_is_never_dropped_under_a_waiter() -> None:
    """It goes from hand to hand, also past a waiter that gave up, and goes with the last one."""
    keyed: KeyedMutex[str] = KeyedMutex()
    order: list[str] = []
    scopes = {name: anyio.CancelScope() for name in "xyz"}

    async def wait(name: str) -> None:
        with scopes[name]:
            async with keyed["a"]:
                order.append(name)
                await settle()

    async with anyio.create_task_group() as group:
        async with held_by_another(keyed, "a") as holder:
            for name in "xyz":
                group.start_soon(wait, name)
                await settle()
            scopes["y"].cancel()
            await settle()
            waiting = keyed["a"].statistics().tasks_waiting
            await holder.let_go()
            counts = [len(keyed)]
            with pytest.raises(anyio.WouldBlock):
                keyed["a"].acquire_nowait()
        async with keyed["a"]:
            order.append("last")
            counts.append(len(keyed))

    assert 2 == waiting
    assert ["x", "z", "last"] == order
    assert [1, 1] == counts
    assert 0 == len(keyed)


async def test_a_key_in_the_hand_over_is_live() -> None:
    """Released, and reserved for a task that has not run yet: it is neither gone nor free."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with anyio.create_task_group() as group:
        async with keyed["a"]:
            group.start_soon(enter, keyed["a"])
            await settle()
        seen = len(keyed), "a" in keyed, keyed["a"].locked(), keyed["a"].try_acquire()

    assert (1, True, True, False) == seen
    assert 0 == len(keyed)


async def leave_by_error(keyed: KeyedMutex[str]) -> None:
    """An error inside."""
    with pytest.raises(ZeroDivisionError):
        async with keyed["a"]:
            raise ZeroDivisionError


async def leave_by_cancel(keyed: KeyedMutex[str]) -> None:
    """A cancellation inside."""
    with anyio.CancelScope() as scope:
        async with keyed["a"]:
            scope.cancel()
            await anyio.lowlevel.checkpoint()


async def give_up_at_once(keyed: KeyedMutex[str]) -> None:
    """A cancellation before a free key is taken."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await keyed["a"].acquire()


async def give_up_waiting(keyed: KeyedMutex[str]) -> None:
    """A cancellation of a waiter, which outlives the holder in the queue's eyes."""
    async with anyio.create_task_group() as group, keyed["a"]:
        group.start_soon(enter, keyed["a"])
        await settle()
        group.cancel_scope.cancel()


async def be_handed_it_and_give_up(keyed: KeyedMutex[str]) -> None:
    """A cancellation in the step of the hand-over."""
    async with anyio.create_task_group() as group:
        async with keyed["a"]:
            group.start_soon(enter, keyed["a"])
            await settle()
        group.cancel_scope.cancel()


async def take_twice(keyed: KeyedMutex[str]) -> None:
    """A deadlock with itself."""
    async with keyed["a"]:
        with pytest.raises(DeadlockError):
            await keyed["a"].acquire()


async def would_block(keyed: KeyedMutex[str]) -> None:
    """A refusal of what another holds."""
    async with held_by_another(keyed, "a"):
        assert not keyed["a"].try_acquire()
        with pytest.raises(anyio.WouldBlock):
            keyed["a"].acquire_nowait()


async def take_at_once(keyed: KeyedMutex[str]) -> None:
    """The ways without an await."""
    keyed["a"].acquire_nowait()
    keyed["a"].release()
    assert keyed["a"].try_acquire()
    keyed["a"].release()


async def release_wrongly(keyed: KeyedMutex[str]) -> None:
    """A release of what is free."""
    with pytest.raises(RuntimeError):
        keyed["a"].release()


async def only_ask(keyed: KeyedMutex[str]) -> None:
    """Questions about a key that nobody uses."""
    lock = keyed["a"]
    assert not (lock.locked() or lock.held() or "a" in keyed)
    assert anyio.LockStatistics(False, None, 0) == lock.statistics()
    assert "free" in repr(lock)
    assert "a" in lock.label


async def be_closed(keyed: KeyedMutex[str]) -> None:
    """A waiter whose coroutine is closed."""

    @types.coroutine
    def wait_and_close() -> Generator[Any, Any, None]:
        coroutine: Coroutine[Any, Any, None] = keyed["a"].acquire()
        trap = coroutine.send(None)
        while keyed["a"].statistics().tasks_waiting == 0:
            trap = coroutine.send((yield trap))
        coroutine.close()

    async with held_by_another(keyed, "a"):
        await wait_and_close()
        assert 0 == keyed["a"].statistics().tasks_waiting


async def group_with_an_error(keyed: KeyedMutex[str]) -> None:
    """An error inside the block of several keys."""
    with pytest.raises(ZeroDivisionError):
        async with keyed.all_of("a", "b"):
            raise ZeroDivisionError


COMINGS_AND_GOINGS = [
    leave_by_error,
    leave_by_cancel,
    give_up_at_once,
    give_up_waiting,
    be_handed_it_and_give_up,
    take_twice,
    would_block,
    take_at_once,
    release_wrongly,
    only_ask,
    be_closed,
    group_with_an_error,
]


async def test_nothing_is_left_of_a_key() -> None:
    """Whichever way its users leave, the entry goes with the last of them, and only with that one."""
    for come_and_go in COMINGS_AND_GOINGS:
        keyed: KeyedMutex[str] = KeyedMutex()
        await come_and_go(keyed)
        alone = len(keyed)
        async with keyed["other"]:
            await come_and_go(keyed)
            beside = len(keyed), "other" in keyed

        assert (0, (1, True), 0) == (alone, beside, len(keyed)), come_and_go


class Key:
    """A key that can be followed."""


@pytest.mark.parametrize("anyio_backend", [BACKENDS["uvloop"], BACKENDS["trio"]], ids=["uvloop", "trio"])
async def test_nothing_is_left_after_ten_thousand_keys_came_and_went() -> None:
    """No entry, and nothing that keeps a key alive, be it contended, cancelled or one of two."""
    keyed: KeyedMutex[Key] = KeyedMutex()
    keys: weakref.WeakSet[Key] = weakref.WeakSet()
    most = 0

    def fresh() -> Key:
        key = Key()
        keys.add(key)
        return key

    async def rivals(key: Key) -> None:
        async with anyio.create_task_group() as group, keyed[key]:
            group.start_soon(enter, keyed[key])
            await anyio.lowlevel.checkpoint()

    async def cancelled(key: Key) -> None:
        with anyio.CancelScope() as scope:
            async with keyed[key]:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

    async def come_and_go() -> None:
        nonlocal most
        for number in range(10_000):
            async with keyed[fresh()]:
                most = max(most, len(keyed))
            if number % 100 == 0:
                await rivals(fresh())
                await cancelled(fresh())
                await enter(keyed.all_of(fresh(), fresh()))

    async with anyio.create_task_group() as group:
        group.start_soon(
            come_and_go
        )  # a task of its own, as asyncio's keep the last cancellation for a while
    await settle()
    gc.collect()

    assert 1 == most
    assert 0 == len(keyed)
    assert 1 >= len(keys)  # the watch of joins keeps the contended key that it saw last, for half a second


def test_a_run_leaves_no_entries_to_the_next() -> None:
    """Keys that were held or waited for when a run ended are free, and not counted, in the next."""
    keyed: KeyedMutex[str] = KeyedMutex()
    counts: list[int] = [len(keyed)]

    async def leave_some() -> None:
        counts.append(len(keyed))
        async with anyio.create_task_group() as group:
            await keyed["a"].acquire()
            await keyed["b"].acquire()
            group.start_soon(enter, keyed["a"])
            await settle()
            counts.append(len(keyed))
            group.cancel_scope.cancel()

    for backend in BACKENDS.values():
        run_on(backend, leave_some)
        counts.append(len(keyed))

    assert [0, *[0, 2, 0] * len(BACKENDS)] == counts


async def test_an_entry_whose_owner_ended_stays() -> None:
    """It is held as long as the run goes on: those who come later must be told."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with anyio.create_task_group() as group:
        group.start_soon(keyed["a"].acquire, name="owner")
    seen = len(keyed), keyed["a"].locked(), keyed["a"].held()
    with pytest.raises(OwnerEndedError, match=r"\['a'\]"):
        await keyed["a"].acquire()
    async with keyed["b"]:
        pass

    assert (1, True, False) == seen
    assert 1 == len(keyed)


# --- keys -------------------------------------------------------------------------------------------------

EQUAL: dict[str, tuple[Hashable, Hashable]] = {
    "the same": ("ann", "ann"),
    "made anew": ("ann", "".join(["a", "nn"])),
    "int and float": (1, 1.0),
    "int and bool": (1, True),
    "int and Decimal": (1, Decimal(1)),
    "tuples": ((1, "a"), (1, "a")),
    "frozensets": (frozenset([1, 2]), frozenset([2, 1])),
    "None": (None, None),
}


async def test_equal_keys_are_the_same_lock() -> None:
    """Taken by one, held by the other, given back by the other; taken once by `all_of`."""
    for name, (first, second) in EQUAL.items():
        keyed: KeyedMutex[Hashable] = KeyedMutex()
        await keyed[first].acquire()
        seen = keyed[second].held(), second in keyed, keyed[second].try_acquire(), len(keyed)
        keyed[second].release()
        async with keyed.all_of(first, second):
            together = len(keyed)

        assert (True, True, False, 1) == seen, name
        assert (1, 0) == (together, len(keyed)), name


async def test_a_lock_may_be_kept_longer_than_its_entry() -> None:
    """`lock = keyed["a"]` stays the lock of that key, whoever made the entry that is live."""
    keyed: KeyedMutex[str] = KeyedMutex()
    first, second = keyed["a"], keyed["a"]
    seen: list[tuple[bool, bool, bool]] = []
    for taker, other in itertools.permutations([first, second, keyed["a"]], 2):
        async with taker:
            with pytest.raises(DeadlockError):
                await other.acquire()
            seen.append((other.held(), other.locked(), other.try_acquire()))

    assert [(True, True, False)] * 6 == seen
    assert 0 == len(keyed)


async def test_locks_made_before_the_entry_queue_for_one_entry() -> None:
    """Several tasks that each kept a lock of their own: one at a time, in the order they came."""
    keyed: KeyedMutex[str] = KeyedMutex()
    locks = [keyed["a"] for _ in range(5)]
    order: list[int] = []
    inside: list[int] = []

    async def work(number: int) -> None:
        for _ in range(3):
            async with locks[number]:
                inside.append(number)
                order.append(number)
                await anyio.lowlevel.checkpoint()
                assert [number] == inside
                inside.clear()

    async with anyio.create_task_group() as group, held_by_another(keyed, "a"):
        for number in range(5):
            group.start_soon(work, number)
            await settle()

    assert [*range(5)] * 3 == order
    assert 0 == len(keyed)


async def test_tasks_that_let_others_run_before_they_take_a_key_still_exclude_each_other() -> None:
    """In a driven run every acquire yields: several tasks find the key free, each with a lock of its own."""
    keyed: KeyedMutex[str] = KeyedMutex()
    inside = 0
    seen: list[int] = []

    async def work() -> None:
        nonlocal inside
        for _ in range(3):
            async with keyed["a"]:
                inside += 1
                await anyio.lowlevel.checkpoint()
                seen.append(inside)
                inside -= 1

    with driving():
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(work)

    assert [1] * 12 == seen
    assert 0 == len(keyed)


async def test_a_key_without_a_hash_is_refused() -> None:
    """`TypeError` at once, wherever it is given, and nothing is left."""
    keyed: KeyedMutex[Any] = KeyedMutex()
    uses: list[Callable[[], object]] = [
        lambda: keyed[[]],
        lambda: [] in keyed,
        lambda: keyed.all_of([]),
        lambda: keyed.all_of("a", {}, "b"),
    ]
    for use in uses:
        with pytest.raises(TypeError, match="unhashable"):
            use()

    assert 0 == len(keyed)
    assert not keyed["a"].locked()


def test_the_label_has_the_name_and_the_key() -> None:
    """As it would be written in Python; `name` only if the KeyedMutex has one."""
    users: KeyedMutex[object] = KeyedMutex()

    assert ("users", "users['ann']") == (users.name, users["ann"].label)
    assert ("users[7]", "users[7]") == (users[7].name, users[7].label)
    assert "accounts[(1, 'x')]" == KeyedMutex[object]("accounts")[1, "x"].label


async def test_errors_name_the_key() -> None:
    """Not only the KeyedMutex."""
    keyed: KeyedMutex[str] = KeyedMutex("users")
    async with keyed["ann"]:
        with pytest.raises(DeadlockError, match=r"users\['ann'\]"):
            await keyed["ann"].acquire()
        with pytest.raises(RuntimeError, match=r"users\['bob'\]"):
            keyed["bob"].release()


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_can_not_be_duplicated(duplicate: Callable[[object], object]) -> None:
    """A copy would guard nothing."""
    with pytest.raises(TypeError, match="KeyedMutex can't be copied"):
        duplicate(KeyedMutex())


def test_it_is_true_and_not_iterable() -> None:
    """It is no container: keys come and go, and an idle one is not empty but free."""
    keyed: KeyedMutex[int] = KeyedMutex()

    assert keyed
    with pytest.raises(TypeError):
        iter(keyed)


# --- several keys at once ---------------------------------------------------------------------------------


async def test_all_of_takes_all_and_gives_all_back() -> None:
    """Inside the block each is held by the task; others wait for any of them, and for no other key."""
    keyed: KeyedMutex[str] = KeyedMutex()
    order: list[str] = []

    async def rival(key: str) -> None:
        async with keyed[key]:
            order.append(key)

    async with anyio.create_task_group() as group, keyed.all_of("b", "a", "c"):
        held = [keyed[key].held() for key in "abcd"]
        live = len(keyed)
        for key in "abcd":
            group.start_soon(rival, key)
        await settle()
        early = order.copy()

    assert [True, True, True, False] == held
    assert 3 == live
    assert ["d"] == early
    assert ["a", "b", "c"] == sorted(order[1:])
    assert 0 == len(keyed)


@pytest.mark.parametrize("keys", [(), ("a",), ("a", "a"), ("a", "b", "a", "b", "b")], ids=str)
async def test_each_key_is_taken_once(keys: tuple[str, ...]) -> None:
    """Duplicates count once, and no key at all is no error."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with keyed.all_of(*keys):
        inside = len(keyed), [keyed[key].held() for key in keys]

    assert (len(set(keys)), [True] * len(keys)) == inside
    assert 0 == len(keyed)


class Rooms:
    """A room a key: who is in some of them at a time finds nobody else there."""

    def __init__(self, keyed: KeyedMutex[Any]) -> None:
        self._keyed = keyed
        self._inside: set[Hashable] = set()
        self.visits = 0
        self.meetings: list[Hashable] = []

    async def visit(self, *keys: Hashable) -> None:
        """Be in all rooms of `keys` for a step."""
        async with self._keyed.all_of(*keys):
            self.meetings += [key for key in keys if key in self._inside]
            self._inside.update(keys)
            await anyio.lowlevel.checkpoint()
            self._inside.difference_update(keys)
            self.visits += 1


async def test_two_groups_in_any_two_orders_do_not_deadlock() -> None:
    """Also when both begin while another task holds one of the keys, so that they have to wait midway."""
    keyed: KeyedMutex[str] = KeyedMutex()
    rooms = Rooms(keyed)
    early: list[int] = []
    rounds = list(itertools.product("abc", itertools.permutations("abc")))
    for number, (held, order) in enumerate(rounds):
        async with anyio.create_task_group() as group, held_by_another(keyed, held):
            for keys in ("abc", order):
                group.start_soon(rooms.visit, *keys)
                await anyio.lowlevel.checkpoint()
            early.append(rooms.visits - 2 * number)

    assert [0] * len(rounds) == early
    assert 2 * len(rounds) == rooms.visits
    assert [] == rooms.meetings
    assert 0 == len(keyed)


KEYS: dict[str, list[Hashable]] = {
    "of one kind": list(range(6)),
    "that have no order": [1, "a", None, (2, "b"), frozenset([3]), 1j],
    "of one hash": [-1, -2, *(2**61 - 1 + number for number in (0, 1)), 0, 1],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
async def test_overlapping_groups_of_many_tasks_never_deadlock(keys: list[Hashable]) -> None:
    """Sets of any size, drawn and ordered by chance, some given up: all come to their end, one at a time."""
    keyed: KeyedMutex[Hashable] = KeyedMutex()
    rooms = Rooms(keyed)
    dice = random.Random(7)
    patient = 0

    async def give_up_soon(scope: anyio.CancelScope) -> None:
        for _ in range(dice.randrange(5)):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    async def work() -> None:
        nonlocal patient
        for _ in range(5):
            some = dice.sample(keys, dice.randrange(1, 5))
            if dice.random() < 0.8:
                patient += 1
                await rooms.visit(*some)
            else:
                async with anyio.create_task_group() as group:
                    group.start_soon(give_up_soon, group.cancel_scope)
                    async with keyed.all_of(*some):
                        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(work)

    assert patient == rooms.visits
    assert [] == rooms.meetings
    assert 0 == len(keyed)


@pytest.mark.parametrize("held", ["a", "b", "c"])
async def test_a_group_cancelled_midway_gives_back_what_it_took(held: str) -> None:
    """Whichever key it waits for, only that one, which another holds, is live afterwards."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with held_by_another(keyed, held):
        async with anyio.create_task_group() as group:
            group.start_soon(enter, keyed.all_of("a", "b", "c"))
            await settle()
            during = len(keyed), [key in keyed for key in "abc"]
            group.cancel_scope.cancel()
        after = [key for key in "abc" if key in keyed]
        free = [key for key in "abc" if keyed[key].try_acquire()]
        for key in free:
            keyed[key].release()

    assert (3, [True, True, True]) == during
    assert [held] == after
    assert [key for key in "abc" if key != held] == free
    assert 0 == len(keyed)


async def test_a_group_in_a_cancelled_scope_takes_nothing() -> None:
    """Entering is a cancellation point, also if all keys are free."""
    keyed: KeyedMutex[str] = KeyedMutex()
    reached = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with keyed.all_of("a", "b"):
            reached = True

    assert not reached
    assert 0 == len(keyed)


@pytest.mark.parametrize("held", ["a", "b", "c"])
async def test_a_group_with_a_key_that_the_task_holds_is_a_deadlock(held: str) -> None:
    """`DeadlockError` that names the key; what was taken is given back, what was held stays held."""
    keyed: KeyedMutex[str] = KeyedMutex("users")
    async with keyed[held]:
        with pytest.raises(DeadlockError, match=rf"users\['{held}'\]"):
            await enter(keyed.all_of("a", "b", "c"))
        left = len(keyed), [keyed[key].held() for key in "abc"]

    assert (1, [key == held for key in "abc"]) == left
    assert 0 == len(keyed)


async def test_a_group_within_a_group_that_shares_a_key_is_a_deadlock() -> None:
    """And one that shares none is fine."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with keyed.all_of("a", "b"):
        with pytest.raises(DeadlockError):
            await enter(keyed.all_of("c", "b"))
        async with keyed.all_of("c", "d"):
            inside = len(keyed)
        left = [key for key in "abcd" if keyed[key].held()]

    assert 4 == inside
    assert ["a", "b"] == left
    assert 0 == len(keyed)


@pytest.mark.parametrize("lost", ["a", "b", "c"])
async def test_a_group_with_a_key_whose_owner_ended_gives_the_others_back(lost: str) -> None:
    """`OwnerEndedError`, and only the lost key stays."""
    keyed: KeyedMutex[str] = KeyedMutex()
    async with anyio.create_task_group() as group:
        group.start_soon(keyed[lost].acquire, name="owner")
    with pytest.raises(OwnerEndedError):
        await enter(keyed.all_of("a", "b", "c"))

    assert [lost] == [key for key in "abc" if key in keyed]


async def test_a_group_may_be_entered_again_and_by_others() -> None:
    """It keeps nothing of who is inside: one after the other, by two tasks at the same time."""
    keyed: KeyedMutex[str] = KeyedMutex()
    both = keyed.all_of("a", "b")
    inside: list[int] = []

    async def work() -> None:
        for _ in range(3):
            async with both:
                inside.append(1)
                await anyio.lowlevel.checkpoint()
                assert [1] == inside
                inside.clear()
                visits.append(len(keyed))

    visits: list[int] = []
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)

    assert [2] * 6 == visits
    assert 0 == len(keyed)


async def test_a_key_of_a_group_that_was_released_by_hand_is_told_at_the_end() -> None:
    """`RuntimeError` as for any release too many; the other keys are given back all the same."""
    keyed: KeyedMutex[str] = KeyedMutex("users")
    with pytest.raises(RuntimeError, match=r"users\['b'\]"):
        async with keyed.all_of("a", "b", "c"):
            keyed["b"].release()

    assert 0 == len(keyed)


async def test_a_group_takes_its_place_in_each_queue() -> None:
    """Who wants one key only is served in its turn, before and after a group that waits for it."""
    keyed: KeyedMutex[str] = KeyedMutex()
    order: list[str] = []

    async def want(name: str, *keys: str) -> None:
        async with keyed.all_of(*keys) if len(keys) > 1 else keyed[keys[0]]:
            order.append(name)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group, held_by_another(keyed, "b"):
        for name, keys in (("one", "b"), ("both", "ab"), ("other", "b"), ("behind", "a")):
            group.start_soon(want, name, *keys)
            await settle()

    assert ["one", "both"] == order[:2]
    assert ["behind", "other"] == sorted(order[2:])


async def test_a_waiter_cancelled_at_the_release_leaves_the_next_holder_alone() -> None:
    """It finds out when somebody else has the key already, by an entry that is not the one it waited for."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    scope = anyio.CancelScope()

    async def victim() -> None:
        with scope:
            await keyed["k"].acquire()

    async with anyio.create_task_group() as group:
        await keyed["k"].acquire()
        group.start_soon(victim)
        await settle()
        scope.cancel()
        keyed["k"].release()
        keyed["k"].acquire_nowait()
        await settle()

        assert "k" in keyed
        assert not keyed["k"].try_acquire()
        assert keyed["k"].held()
        keyed["k"].release()

    assert 0 == len(keyed)
