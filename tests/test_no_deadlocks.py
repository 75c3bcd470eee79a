"""Programs that wait for each other and come through: nothing may be told, nothing may be in their way."""

# The house style is `assert expected == actual`.
# One block inside another is what this file is about.
# ruff: noqa: SIM117, SIM300

from __future__ import annotations

import asyncio
import random
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from standoffs import alarm, in_time
from turns import ASYNCIO_BACKENDS, BACKENDS, run_in_thread, run_on, settle

from anymutex import DeadlockError, Guarded, KeyedMutex, Mutex, OwnerEndedError, RWMutex, SharedMap
from anymutex.holdings import note_nesting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager

    from anyio.abc import TaskGroup
    from turns import Backend

on_asyncio = pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)
# For what takes long with many tasks, and depends on no backend.
on_two = pytest.mark.parametrize(
    "anyio_backend", [BACKENDS["uvloop"], BACKENDS["trio"]], ids=["uvloop", "trio"]
)
LONG = 1000.0
SHORT = 0.01


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """Let no test run for ever."""
    with alarm():
        yield


async def until_wanted(lock: Mutex) -> None:
    """Wait until a task stands in the queue of `lock`."""
    while lock.statistics().tasks_waiting == 0:
        await anyio.lowlevel.checkpoint()


async def together(*tasks: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run them all, in time; each is named after its function, and starts some turns after the one before."""

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(task)
                await settle()

    await in_time(run)


class Pair:
    """Two locks, taken in opposite order by two tasks, with a turn for each to want its second one."""

    def __init__(self, **options: Any) -> None:
        self.x, self.y = Mutex("x", **options), Mutex("y", **options)
        self.turns = {"there": anyio.Event(), "back": anyio.Event()}
        self.done: list[str] = []

    async def hold_and_want(
        self, name: str, held: Mutex, wanted: Mutex, limit: Callable[[], Any] | None = None
    ) -> None:
        """Hold one lock; want the other when it is the task's turn, within a limit if there is one."""
        async with held:
            await self.turns[name].wait()
            if limit is None:
                await self._want(name, wanted)
                return
            with limit() as scope:
                await self._want(name, wanted)
            if scope.cancelled_caught:
                self.done.append(f"{name} gave up")

    async def _want(self, name: str, wanted: Mutex) -> None:
        async with wanted:
            self.done.append(name)

    async def run(self, there: Callable[[], Any] | None, back: Callable[[], Any] | None, first: str) -> None:
        """Let both come to their second lock, one of them first."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.hold_and_want, "there", self.x, self.y, there)
            group.start_soon(self.hold_and_want, "back", self.y, self.x, back)
            await settle()
            for name in sorted(self.turns, key=lambda name: name != first):
                self.turns[name].set()
                await settle()

    def is_free(self) -> bool:
        """Tell whether nobody holds or wants anything."""
        return [(False, 0)] * 2 == [
            (lock.locked(), lock.statistics().tasks_waiting) for lock in (self.x, self.y)
        ]


# --- orders that can't close a ring -----------------------------------------------------------------------


async def test_the_same_order_everywhere() -> None:
    """Many tasks, several locks, always from the first to the last."""
    locks = [Mutex(f"lock {number}") for number in range(6)]
    done: list[int] = []

    async def work(number: int) -> None:
        choose = random.Random(number)
        for _ in range(4):
            chosen = sorted(choose.sample(range(6), 3))
            async with locks[chosen[0]]:
                await anyio.lowlevel.checkpoint()
                async with locks[chosen[1]], locks[chosen[2]]:
                    await anyio.lowlevel.checkpoint()
        done.append(number)

    await together(*(partial(work, number) for number in range(12)))

    assert list(range(12)) == sorted(done)
    assert not any(lock.locked() for lock in locks)


async def test_opposite_orders_behind_a_gate() -> None:
    """Who takes both in any order holds a third lock meanwhile."""
    gate, x, y = Mutex("gate"), Mutex("x"), Mutex("y")
    done: list[str] = []

    async def work(name: str, first: Mutex, second: Mutex) -> None:
        for _ in range(5):
            async with gate, first:
                await anyio.lowlevel.checkpoint()
                async with second:
                    await anyio.lowlevel.checkpoint()
        done.append(name)

    await together(partial(work, "there", x, y), partial(work, "back", y, x))

    assert ["back", "there"] == sorted(done)


async def test_a_task_that_lets_go_before_it_wants() -> None:
    """Opposite orders are fine if nothing is held over the second."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def work(name: str, first: Mutex, second: Mutex) -> None:
        for _ in range(5):
            for lock in (first, second):
                async with lock:
                    await anyio.lowlevel.checkpoint()
        done.append(name)

    await together(partial(work, "there", x, y), partial(work, "back", y, x))

    assert ["back", "there"] == sorted(done)


async def test_a_release_in_another_order_than_the_acquire() -> None:
    """Hand over hand: the next is taken before the last is given back, always in the same direction."""
    chain = [Mutex(f"link {number}") for number in range(10)]
    done: list[int] = []

    async def climb(number: int) -> None:
        await chain[0].acquire()
        for below, above in pairwise(chain):
            await above.acquire()
            below.release()
            await anyio.lowlevel.checkpoint()
        chain[-1].release()
        done.append(number)

    await together(*(partial(climb, number) for number in range(5)))

    assert list(range(5)) == done


async def test_groups_of_keys_in_any_order() -> None:
    """`all_of` takes its keys in an order of its own, which no two calls contradict."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    done: list[int] = []

    async def work(number: int) -> None:
        choose = random.Random(number)
        for _ in range(6):
            async with accounts.all_of(*choose.sample("abcde", 3)):
                await anyio.lowlevel.checkpoint()
        done.append(number)

    await together(*(partial(work, number) for number in range(10)))

    assert list(range(10)) == sorted(done)
    assert 0 == len(accounts)


async def test_other_keys_of_the_same_name() -> None:
    """The same key of two KeyedMutexes, and another key of the same one, are other locks."""
    mine: KeyedMutex[str] = KeyedMutex("accounts")
    yours: KeyedMutex[str] = KeyedMutex("accounts")
    done: list[str] = []

    async def work(name: str, *locks: AbstractAsyncContextManager[Any]) -> None:
        async with locks[0]:
            await settle()
            async with locks[1]:
                done.append(name)

    await together(
        partial(work, "mine", mine["x"], mine["y"]),
        partial(work, "yours", yours["y"], yours["x"]),
    )

    assert ["mine", "yours"] == sorted(done)


# --- time limits ------------------------------------------------------------------------------------------


LIMITS: dict[str, Callable[[], Any]] = {
    "move_on_after": partial(anyio.move_on_after, SHORT),
    "scope with a deadline": lambda: anyio.CancelScope(deadline=anyio.current_time() + SHORT),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("first", ["there", "back"])
async def test_one_wait_of_the_ring_has_a_limit(limit: Callable[[], Any], first: str) -> None:
    """It gives up and lets go, and the other goes on, whichever of the two comes last."""
    pair = Pair()
    await in_time(partial(pair.run, limit, None, first))

    assert ["there gave up", "back"] == pair.done
    assert pair.is_free()


@pytest.mark.parametrize("first", ["there", "back"])
async def test_both_waits_of_the_ring_have_a_limit(first: str) -> None:
    """Each works; who gives up first lets the other in."""
    pair = Pair()
    long = partial(anyio.move_on_after, 10.0)
    await in_time(partial(pair.run, LIMITS["move_on_after"], long, first))

    assert ["there gave up", "back"] == pair.done
    assert pair.is_free()


async def test_a_limit_that_raises() -> None:
    """`fail_after` around the inner wait raises TimeoutError, inside the hold."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def limited() -> None:
        async with x:
            await settle()
            with pytest.raises(TimeoutError), anyio.fail_after(SHORT):
                await y.acquire()
            assert x.held()
            assert not y.held()
            done.append("limited")

    async def other() -> None:
        async with y:
            await settle()
            async with x:
                done.append("other")

    await together(limited, other)

    assert ["limited", "other"] == done


async def test_a_limit_around_more_than_the_wait() -> None:
    """The scope is entered after the first lock was taken, and long before the second is wanted."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def limited() -> None:
        async with x:
            with anyio.move_on_after(0.1) as scope:
                await settle()
                with anyio.CancelScope():
                    await settle()
                    async with y:
                        done.append("got y")
            done.append(f"gave up: {scope.cancelled_caught}")

    async def other() -> None:
        async with y:
            await settle()
            async with x:
                done.append("other")

    await together(limited, other)

    assert ["gave up: True", "other"] == done


async def test_a_limit_that_is_sharper_than_the_one_around_everything() -> None:
    """It ends the wait before the outer one ends the hold."""
    pair = Pair()
    with anyio.fail_after(LONG):
        await in_time(partial(pair.run, LIMITS["move_on_after"], None, "back"))

    assert ["there gave up", "back"] == pair.done


async def test_the_lock_was_taken_under_a_limit_that_is_over() -> None:
    """What counts is the deadline when the lock of the ring was taken, and it was later than now."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def limited() -> None:
        with anyio.move_on_after(LONG):
            await x.acquire()
        with anyio.move_on_after(SHORT) as scope:
            await settle()
            async with y:
                done.append("got y")
        done.append(f"gave up: {scope.cancelled_caught}")
        x.release()

    async def other() -> None:
        async with y:
            async with x:
                done.append("other")

    await together(limited, other)

    assert ["gave up: True", "other"] == done


@pytest.mark.parametrize("last", ["limited", "other"])
@pytest.mark.parametrize("kind", ["mutex", "reader", "writer", "key", "update"])
async def test_the_lock_was_handed_over_before_the_limit_was_set(kind: str, last: str) -> None:
    """A lock that was waited for is held since it was handed over: a later limit is later than that.

    Only the first nesting of a process can't know this, see `note_nesting`.
    """
    note_nesting()
    y = Mutex("y")
    book = RWMutex("book")
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    stock = SharedMap({"tea": 1}, name="stock")
    held: dict[str, Any] = {
        "mutex": Mutex("x"),
        "reader": book.reader,
        "writer": book.writer,
        "key": accounts["x"],
    }
    wanted: Any = book.writer if kind == "reader" else held.get(kind)
    turns = {"give": anyio.Event(), "limited": anyio.Event(), "other": anyio.Event()}
    done: list[str] = []

    async def plus(value: int) -> int:
        return value + 1

    async def give(value: int = 0) -> int:
        await turns["give"].wait()
        return value

    async def giver() -> None:
        if kind == "update":
            await stock.update_key("tea", give)
            return
        async with wanted:
            await give()

    async def inside(value: int = 0) -> int:
        await turns["limited"].wait()
        with anyio.move_on_after(SHORT) as scope:
            await y.acquire()
        done.append(f"gave up: {scope.cancelled_caught}")
        return value

    async def limited() -> None:
        if kind == "update":
            await stock.update_key("tea", inside)
            return
        async with held[kind]:
            await inside()

    async def other() -> None:
        async with y:
            await turns["other"].wait()
            if kind == "update":
                await stock.update_key("tea", plus)
            else:
                await wanted.acquire()
                wanted.release()
            done.append("other")

    async def conduct() -> None:
        for name in ("give", *sorted(["limited", "other"], key=lambda name: name == last)):
            turns[name].set()
            await settle()

    await together(giver, limited, other, conduct)

    assert ["gave up: True", "other"] == done


async def test_a_limit_on_a_middle_wait_of_a_long_ring() -> None:
    """One of many is enough."""
    locks = [Mutex(f"lock {number}") for number in range(8)]
    order: list[int] = []
    gave_up: list[int] = []

    async def stand(number: int) -> None:
        async with locks[number]:
            await start.wait()
            with anyio.move_on_after(SHORT if number == 3 else None) as scope:
                async with locks[(number + 1) % len(locks)]:
                    order.append(number)
            if scope.cancelled_caught:
                gave_up.append(number)

    async def go() -> None:
        start.set()

    start = anyio.Event()
    await together(*(partial(stand, number) for number in range(len(locks))), go)

    assert [3] == gave_up
    assert [2, 1, 0, 7, 6, 5, 4] == order


async def test_a_third_task_behind_an_excused_ring() -> None:
    """It is in no ring: it waits for one that waits for another with a limit."""
    pair = Pair()
    done = pair.done

    async def third() -> None:
        await settle()
        async with pair.x:
            done.append("third")

    async def both() -> None:
        await pair.run(partial(anyio.move_on_after, 0.05), None, "back")

    await together(both, third)

    assert ["there gave up", "back", "third"] == sorted(done, key=["there gave up", "back", "third"].index)
    assert pair.is_free()


@pytest.mark.parametrize("kind", ["key", "reader", "update", "creation", "guarded"])
async def test_a_limit_works_on_every_kind(kind: str) -> None:
    """The wait with the limit is for another kind of lock each time."""
    mux = Mutex("mux")
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    book = RWMutex("book")
    stock = SharedMap({"tea": 1}, name="stock")
    hits = Guarded(0, name="hits")
    done: list[str] = []

    async def want_mux(value: int = 0) -> int:
        await settle()
        async with mux:
            done.append("got mux")
        return value

    async def hold() -> None:
        match kind:
            case "key":
                async with accounts["x"]:
                    await want_mux()
            case "reader":
                async with book.reader:
                    await want_mux()
            case "guarded":
                async with hits:
                    await want_mux()
            case "update":
                await stock.update_key("tea", want_mux)
            case "creation":
                await stock.get_or_create("milk", want_mux)

    async def plus(value: int) -> int:
        return value + 1

    async def want() -> None:
        match kind:
            case "key":
                await accounts["x"].acquire()
            case "reader":
                await book.writer.acquire()
            case "guarded":
                async with hits:
                    pass
            case "update":
                await stock.update_key("tea", plus)
            case "creation":
                await stock.get_or_create("milk", want_mux)

    async def limited() -> None:
        async with mux:
            with anyio.move_on_after(SHORT) as scope:
                await want()
            done.append(f"gave up: {scope.cancelled_caught}")

    await together(hold, limited)

    assert ["gave up: True", "got mux"] == done
    assert 0 == len(accounts)


# --- deadlock="wait" --------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["there", "back"])
async def test_locks_that_may_wait(first: str) -> None:
    """Nothing is looked for; a limit around everything ends it, and all is free."""
    pair = Pair(deadlock="wait")
    with anyio.move_on_after(SHORT) as scope:
        await pair.run(None, None, first)

    assert scope.cancelled_caught
    assert [] == pair.done
    assert pair.is_free()


@pytest.mark.parametrize("first", ["there", "back"])
async def test_one_lock_of_the_ring_may_wait(first: str) -> None:
    """A wait for such a lock is no part of any ring, whoever closes it."""
    pair = Pair()
    pair.y = Mutex("y", deadlock="wait")
    with anyio.move_on_after(SHORT) as scope:
        await pair.run(None, None, first)

    assert scope.cancelled_caught
    assert [] == pair.done
    assert pair.is_free()


async def test_keys_and_readers_that_may_wait() -> None:
    """The same word for the other kinds."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts", deadlock="wait")
    book = RWMutex("book", deadlock="wait")
    steps: list[str] = []

    async def there() -> None:
        async with accounts["x"]:
            await settle()
            steps.append("there")
            async with book.writer:
                pass

    async def back() -> None:
        async with book.reader:
            await settle()
            steps.append("back")
            async with accounts["x"]:
                pass

    async with anyio.create_task_group() as group:
        group.start_soon(there)
        group.start_soon(back)
        for _ in range(4):
            await settle()
        group.cancel_scope.cancel()

    assert ["back", "there"] == sorted(steps)
    assert 0 == len(accounts)
    assert not book.reader.locked()


# --- who does not wait for a lock -------------------------------------------------------------------------


async def test_who_tries_does_not_wait() -> None:
    """Back off when the second lock can't be had at once, and try again."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def work(name: str, first: Mutex, second: Mutex, patience: int) -> None:
        while name not in done:
            async with first:
                await settle()
                if second.try_acquire():
                    done.append(name)
                    second.release()
            for _ in range(patience):
                await settle()

    await together(partial(work, "there", x, y, 1), partial(work, "back", y, x, 3))

    assert ["back", "there"] == sorted(done)


async def test_who_asks_without_waiting_does_not_wait() -> None:
    """`acquire_nowait` by the last of a ring would block: that is the answer, not an error about rings."""
    x, y = Mutex("x"), Mutex("y")
    answers: list[str] = []

    async def waiting() -> None:
        async with x:
            await go.wait()
            async with y:
                answers.append("got y")

    async def asking() -> None:
        async with y:
            go.set()
            await settle()
            try:
                x.acquire_nowait()
            except anyio.WouldBlock:
                answers.append("would block")
            answers.append(f"tried: {x.try_acquire()}")

    go = anyio.Event()
    await together(waiting, asking)

    assert ["would block", "tried: False", "got y"] == answers


async def test_waiting_for_an_event_while_holding() -> None:
    """The event is set by one who wants nothing; others wait for the lock meanwhile."""
    mux = Mutex("mux")
    event = anyio.Event()
    done: list[str] = []

    async def holder() -> None:
        async with mux:
            await event.wait()
            done.append("holder")

    async def waiter() -> None:
        async with mux:
            done.append("waiter")

    async def setter() -> None:
        event.set()

    await together(holder, waiter, setter)

    assert ["holder", "waiter"] == done


async def test_waiting_for_an_event_that_a_waiter_would_set_under_a_limit() -> None:
    """A real standstill that no lock can see: nothing is told, and the limit ends it."""
    mux = Mutex("mux")
    event = anyio.Event()
    done: list[str] = []

    async def holder() -> None:
        async with mux:
            with anyio.move_on_after(SHORT):
                await event.wait()

    async def setter() -> None:
        async with mux:
            event.set()
            done.append("setter")

    await together(holder, setter)

    assert ["setter"] == done


async def test_a_queue_or_a_stream_while_holding() -> None:
    """A holder that waits for an item gets it from a task that waits for nothing."""
    mux = Mutex("mux")
    send, receive = anyio.create_memory_object_stream[int](0)
    done: list[str] = []

    async def holder() -> None:
        async with mux, receive:
            done.append(f"received {await receive.receive()}")

    async def waiter() -> None:
        async with mux:
            done.append("waiter")

    async def sender() -> None:
        async with send:
            await send.send(7)

    await together(holder, waiter, sender)

    assert ["received 7", "waiter"] == done


# --- queues and hand-overs --------------------------------------------------------------------------------


@on_two
async def test_a_thousand_in_one_queue() -> None:
    """All come through, in their order, each with a lock of its own in the other hand."""
    mux = Mutex("mux")
    order: list[int] = []

    async def work(number: int) -> None:
        async with Mutex():
            await start.wait()
            asked.append(number)
            async with mux:
                order.append(number)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            async with mux:
                for number in range(1000):
                    group.start_soon(work, number)
                await settle()
                start.set()
                await settle()
            assert 1000 == len(asked)

    start = anyio.Event()
    asked: list[int] = []
    await in_time(run, 5.0)

    assert asked == order


@on_two
async def test_a_chain_longer_than_pythons_stack() -> None:
    """Each waits for the one before: to see that it is no ring takes no recursion."""
    chain = [Mutex() for _ in range(1201)]
    order: list[int] = []

    async def link(number: int) -> None:
        async with chain[number + 1]:
            await start.wait()
            async with chain[number]:
                order.append(number)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            async with chain[0]:
                # The last one waits first: only the walk of the newcomer at the end is long.
                for number in reversed(range(len(chain) - 1)):
                    group.start_soon(link, number)
                await settle()
                start.set()
                await settle()
                group.start_soon(chain[-1].acquire)
                await settle()

    start = anyio.Event()
    await in_time(run, 5.0)

    assert list(range(len(chain) - 1)) == order


async def test_a_lock_that_goes_from_hand_to_hand() -> None:
    """Each passes the lock on and waits for what the next holds: the wait ends when that one lets go."""
    baton = Mutex("baton")
    lanes = [Mutex(f"lane {number}") for number in range(10)]
    order: list[int] = []

    async def run_lane(number: int) -> None:
        async with lanes[number]:
            async with baton:
                order.append(number)
                await anyio.lowlevel.checkpoint()
        async with lanes[(number + 1) % len(lanes)]:
            pass

    await together(*(partial(run_lane, number) for number in range(len(lanes))))

    assert list(range(len(lanes))) == order


async def test_who_was_handed_a_lock_and_has_not_run_yet_does_not_wait() -> None:
    """In the step of the hand-over the releaser wants what the heir holds: the heir goes on, and lets go."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def releaser() -> None:
        async with y:
            await until_wanted(y)
        async with x:
            done.append("releaser")

    async def heir() -> None:
        async with x:
            async with y:
                done.append("heir")

    await together(releaser, heir)

    assert ["heir", "releaser"] == done


@pytest.mark.parametrize("then", ["runs", "is cancelled"])
async def test_a_new_ring_is_not_seen_in_an_old_wait(then: str) -> None:
    """The heir got y and has not run; the releaser goes on with z to x, and a third wants y: no ring."""
    x, y, z = Mutex("x"), Mutex("y"), Mutex("z")
    done: list[str] = []
    scope = anyio.CancelScope()

    async def releaser() -> None:
        async with z:
            await y.acquire()
            await until_wanted(y)
            y.release()
            if then == "is cancelled":
                scope.cancel()
            async with x:
                done.append("releaser")

    async def heir() -> None:
        with scope:
            async with x, y:
                done.append("heir")

    async def third() -> None:
        async with y:
            done.append("third")

    await together(releaser, heir, third)

    assert ["releaser", "third"] == sorted(set(done) - {"heir"})
    assert then == "is cancelled" or "heir" in done
    assert [False] * 3 == [lock.locked() for lock in (x, y, z)]


# --- waits that are over ----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["in the same step", "some turns later"])
async def test_a_cancelled_wait_is_no_part_of_a_ring(after: str) -> None:
    """From the cancel on the wait is over, although its task has not run since."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []
    scope = anyio.CancelScope()

    async def canceller() -> None:
        async with y:
            await until_wanted(y)
            scope.cancel()
            if after == "some turns later":
                await settle()
            over.set()
            async with x:
                done.append("got x")

    async def cancelled() -> None:
        async with x:
            with scope:
                async with y:
                    done.append("got y")
            done.append(f"cancelled: {scope.cancelled_caught}")
            await over.wait()

    over = anyio.Event()
    await together(canceller, cancelled)

    assert ["cancelled: True", "got x"] == done


@on_asyncio
async def test_a_natively_cancelled_wait_is_no_part_of_a_ring() -> None:
    """The same by asyncio's own `Task.cancel`."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def cancelled() -> None:
        async with x:
            try:
                await y.acquire()
            except asyncio.CancelledError:
                done.append("cancelled")

    async def run() -> None:
        async with y:
            task = asyncio.create_task(cancelled())
            await settle()
            task.cancel()
            async with x:
                done.append("got x")
            await task

    await in_time(run)

    assert ["cancelled", "got x"] == done


async def test_a_wait_that_was_given_up_is_forgotten() -> None:
    """Hundreds of waits that timed out leave nothing that a later ring could go through."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def impatient() -> None:
        async with x:
            for _ in range(50):
                with anyio.move_on_after(0):
                    await y.acquire()
            await settle()
        done.append("impatient")

    async def other() -> None:
        async with y:
            await settle()
            async with x:
                done.append("other")

    await together(impatient, other)

    assert ["impatient", "other"] == done


async def test_a_lock_taken_again_and_again_by_others() -> None:
    """What was true of a lock's last holder is not believed of the next."""
    x, y = Mutex("x"), Mutex("y")
    count = 0

    async def work(first: Mutex, second: Mutex) -> None:
        nonlocal count
        for _ in range(20):
            async with first:
                await anyio.lowlevel.checkpoint()
            async with second:
                await anyio.lowlevel.checkpoint()
            count += 1

    await together(*(partial(work, *pair) for pair in [(x, y), (y, x), (x, y), (y, x)]))

    assert 80 == count


# --- tasks that are gone ----------------------------------------------------------------------------------


async def test_a_task_that_ended_holding_is_told_as_ended() -> None:
    """No ring goes through it: who waits for it hears that it ended."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def forgetful() -> None:
        await x.acquire()
        with anyio.move_on_after(SHORT):
            await y.acquire()

    async def other() -> None:
        async with y:
            await settle()
            try:
                await x.acquire()
            except OwnerEndedError as error:
                told.append(str(error))

    async def third() -> None:
        async with y:
            told.append("third")

    await together(other, forgetful, third)

    assert 2 == len(told)
    assert "forgetful" in told[0]
    assert "third" == told[1]


@pytest.mark.parametrize("first", BACKENDS)
@pytest.mark.parametrize("second", ["asyncio", "trio"])
def test_half_a_ring_that_an_earlier_run_left(first: str, second: str) -> None:
    """A run that was broken off with a task holding x and wanting y: the next run's tasks meet nobody."""
    x, y = Mutex("x"), Mutex("y")
    done: list[str] = []

    async def broken_off() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(hold_and_want, x, y, "never")
            await y.acquire()
            await until_wanted(y)
            raise ZeroDivisionError

    async def hold_and_want(held: Mutex, wanted: Mutex, name: str) -> None:
        await held.acquire()
        await settle()
        async with wanted:
            done.append(name)
        held.release()

    async def afterwards() -> None:
        await in_time(partial(hold_and_want, y, x, "second run"))

    with pytest.raises(BaseExceptionGroup):
        run_on(BACKENDS[first], broken_off)
    run_on(BACKENDS[second], afterwards)

    assert ["second run"] == done


def test_two_threads_with_half_a_ring_each() -> None:
    """Two loops, locks of the same names: what one holds is nothing to the other."""

    def half(backend: Backend, order: str) -> list[str]:
        locks = {name: Mutex(name) for name in "xy"}
        done: list[str] = []

        async def hold_and_want() -> None:
            async with locks[order[0]]:
                await anyio.sleep(SHORT)
                async with locks[order[1]]:
                    done.append(order)

        async def run() -> None:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(hold_and_want)

        run_on(backend, partial(in_time, run, 5.0))
        return done

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for backend, order in (("trio", "xy"), ("asyncio", "yx"), ("uvloop", "xy")):
                group.start_soon(work, backend, order)

    async def work(backend: str, order: str) -> None:
        done[backend] = await anyio.to_thread.run_sync(half, BACKENDS[backend], order)

    done: dict[str, list[str]] = {}
    run_in_thread(partial(run_on, BACKENDS["asyncio"], main))

    assert {"trio": ["xy"] * 3, "asyncio": ["yx"] * 3, "uvloop": ["xy"] * 3} == done


# --- readers and maps -------------------------------------------------------------------------------------


async def test_readers_do_not_wait_for_each_other() -> None:
    """Each reads both books, in opposite order, and one of them twice."""
    left, right = RWMutex("left"), RWMutex("right")
    inside: list[int] = []

    async def read(first: RWMutex, second: RWMutex) -> None:
        async with first.reader:
            await settle()
            async with second.reader, first.reader:
                inside.append(len(inside))
                await settle()

    await together(partial(read, left, right), partial(read, right, left))

    assert [0, 1] == inside
    assert not left.reader.locked()
    assert not right.reader.locked()


async def test_a_writer_that_waits_for_a_busy_reader() -> None:
    """Readers that hold a lock each, and want nothing, leave in the end."""
    book, x, y = RWMutex("book"), Mutex("x"), Mutex("y")
    done: list[str] = []

    async def read(name: str, mux: Mutex) -> None:
        async with book.reader, mux:
            await settle()
        done.append(name)

    async def write() -> None:
        async with book.writer:
            async with x, y:
                done.append("writer")

    async def late() -> None:
        async with book.reader:
            done.append("late")

    await together(partial(read, "first", x), partial(read, "last", y), write, late)

    assert ["first", "last"] == sorted(done[:2])
    assert ["writer", "late"] == done[2:]


async def test_a_reader_that_waits_for_what_another_reader_holds() -> None:
    """A writer waits for both, but nobody waits for the writer."""
    book, mux = RWMutex("book"), Mutex("mux")
    done: list[str] = []
    group: TaskGroup

    async def holding() -> None:
        async with book.reader, mux:
            await until_wanted(mux)
            await settle()
        done.append("holding")

    async def write() -> None:
        async with book.writer:
            done.append("writer")

    async def wanting() -> None:
        async with book.reader:
            group.start_soon(write)
            async with mux:
                done.append("wanting")

    async def run() -> None:
        nonlocal group
        async with anyio.create_task_group() as group:
            group.start_soon(holding)
            while not mux.locked():
                await anyio.lowlevel.checkpoint()
            group.start_soon(wanting)

    await in_time(run)

    assert ["holding", "wanting", "writer"] == sorted(done)
    assert "writer" == done[-1]


async def test_a_writer_that_becomes_a_reader_lets_the_readers_in() -> None:
    """After `downgrade` it may wait for what a reader holds, who has got in meanwhile."""
    book, mux = RWMutex("book"), Mutex("mux")
    done: list[str] = []

    async def downgrade() -> None:
        async with book.writer:
            await settle()
            book.downgrade()
            async with mux:
                done.append("downgraded")

    async def read() -> None:
        async with mux, book.reader:
            done.append("reader")

    await together(downgrade, read)

    assert ["downgraded", "reader"] == sorted(done)


async def test_updates_inside_updates_in_one_order() -> None:
    """Nested `update_key` of several keys, always in the same order, by many tasks."""
    stock = SharedMap(dict.fromkeys("abc", 0), name="stock")

    async def add_from(depth: int, value: int) -> int:
        await anyio.lowlevel.checkpoint()
        if depth < 3:
            await stock.update_key("abc"[depth], partial(add_from, depth + 1))
        return value + 1

    async def work() -> None:
        for _ in range(3):
            await stock.update_key("a", partial(add_from, 1))

    await together(*[work] * 5)

    assert {"a": 15, "b": 15, "c": 15} == stock.snapshot()


async def test_factories_that_want_values_in_one_order() -> None:
    """A value that needs another that needs a third, wanted by many at once: each is made once."""
    cache: SharedMap[int, str] = SharedMap(name="cache")
    made: list[int] = []

    async def make(number: int) -> str:
        await settle()
        below = "" if number == 0 else await cache.get_or_create(number - 1, partial(make, number - 1))
        made.append(number)
        return f"{below}{number}"

    async def work(number: int) -> None:
        await cache.get_or_create(number, partial(make, number))

    await together(*(partial(work, number) for number in (3, 2, 3, 1, 0, 3)))

    assert [0, 1, 2, 3] == made
    assert "0123" == cache[3]


async def test_followers_that_hold_what_the_leader_does_not_want() -> None:
    """Many wait for one value, each with a lock in its hand that another one waits for."""
    cache: SharedMap[str, int] = SharedMap(name="cache")
    locks = [Mutex(f"lock {number}") for number in range(4)]
    done: list[int] = []

    async def make() -> int:
        await settle()
        await settle()
        return 1

    async def follow(number: int) -> None:
        async with locks[number]:
            await cache.get_or_create("ann", make)
        async with locks[(number + 1) % len(locks)]:
            done.append(number)

    await together(*(partial(follow, number) for number in range(len(locks))))

    assert list(range(len(locks))) == sorted(done)


async def test_a_factory_error_ends_the_wait_of_its_followers() -> None:
    """A follower that was let down holds its lock alone; nobody is told of a ring."""
    cache: SharedMap[str, int] = SharedMap(name="cache")
    mux = Mutex("mux")
    done: list[str] = []

    async def fail() -> int:
        await settle()
        raise ZeroDivisionError

    async def lead() -> None:
        with pytest.raises(ZeroDivisionError):
            await cache.get_or_create("ann", fail)
        async with mux:
            done.append("leader")

    async def follow() -> None:
        async with mux:
            try:
                await cache.get_or_create("ann", fail)
            except (ZeroDivisionError, DeadlockError) as error:
                done.append(type(error).__name__)

    await together(lead, follow)

    assert ["ZeroDivisionError", "leader"] == done
