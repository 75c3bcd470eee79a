"""`LockOrder`: locks that were taken in both orders are told, and only those that may deadlock."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import gc
import random
import weakref
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from standoffs import AllOf, Block, Called, Create, NoWait, Read, Swap, Tried, Update
from turns import BACKENDS, native_task, place, run_on, settle

from anymutex import Guarded, KeyedMutex, Mutex, RWMutex, SharedMap, probe
from anymutex.deadlock import LockInversion
from anymutex.watch.locks import LockOrder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence

    from anyio.abc import TaskGroup
    from standoffs import Stand

    from anymutex.deadlock import OrderSeen
    from anymutex.stacks import Place


@pytest.fixture(autouse=True)
def nobody_left_behind() -> Iterator[None]:
    """Each test starts and ends with nobody listening."""
    assert [] == probe.listeners
    yield
    assert [] == probe.listeners


@pytest.fixture
def order() -> Iterator[LockOrder]:
    """Give one that listens."""
    with LockOrder() as order:
        yield order


async def nest(*locks: Any) -> None:
    """Take them one inside the other, let everybody run, and give them back."""
    async with AsyncExitStack() as stack:
        for lock in locks:
            await stack.enter_async_context(lock)
        await settle()


async def as_task(
    name: str, function: Callable[..., Coroutine[Any, Any, object]], *arguments: object
) -> None:
    """Call an async function in a task of its own, and wait for it."""
    async with anyio.create_task_group() as group:
        group.start_soon(function, *arguments, name=name)


async def each_in_a_task(*nests: Sequence[Any]) -> None:
    """Take each series of locks in a task of its own, one task after the other."""
    for number, locks in enumerate(nests):
        await as_task(f"task {number}", nest, *locks)


def mutexes(names: str) -> list[Mutex]:
    """Give one for each letter."""
    return [Mutex(name) for name in names]


def told(order: LockOrder) -> list[str]:
    """Give what was found, as `a-b, b-a`."""
    return [", ".join(f"{seen.first}-{seen.second}" for seen in found.orders) for found in order.inversions]


def shown(where: Place) -> str:
    """Give a place as `turns.place` does."""
    return f"{Path(where.file).name}:{where.line}"


# --- what must be told ------------------------------------------------------------------------------------


def rw_block(held: str, wanted: str) -> Block:
    """Hold one side while the others want the same or the other one."""
    rw = RWMutex("rw")
    return Block(f"rw.{held}", getattr(rw, held), getattr(rw, wanted), f"rw.{wanted}")


STANDS: dict[str, Callable[[], Stand]] = {
    "async with": lambda: Block("a", Mutex("a")),
    "acquire": lambda: Called("a", Mutex("a")),
    "try_acquire": lambda: Tried("a", Mutex("a")),
    "acquire_nowait": lambda: NoWait("a", Mutex("a")),
    "key": lambda: Block("a['x']", KeyedMutex[str]("a")["x"]),
    "all_of": lambda: AllOf("a['x']", KeyedMutex("a"), ("x", "y")),
    "reader": lambda: rw_block("reader", "reader"),
    "writer": lambda: rw_block("writer", "writer"),
    "reader, then writer": lambda: rw_block("reader", "writer"),
    "writer, then reader": lambda: rw_block("writer", "reader"),
    "Guarded": lambda: Block("a", Guarded(0, name="a")),
    "Guarded.read": lambda: Read("rw", Guarded(0, lock=RWMutex("rw"))),
    "update_key": lambda: Update(SharedMap(name="a"), "x"),
    "compare_and_swap": lambda: Swap(SharedMap(name="a"), "x"),
    "get_or_create": lambda: Create(SharedMap(name="a"), "x"),
}


@pytest.mark.parametrize("name", STANDS)
async def test_both_orders_are_told(name: str, order: LockOrder) -> None:
    """With what each task held and wanted, and the lines, the oldest order first."""
    stand, mux = STANDS[name](), Block("mux", Mutex("mux"))
    await as_task("first", mux.hold, stand.want)
    assert [] == order.inversions
    await as_task("second", stand.hold, mux.want)
    [report] = order.inversions
    first, second = report.orders

    assert f"lock order inversion: mux before {stand.wanted}, but {stand.held} before mux" == report.headline
    assert ('task "first"', 'task "second"') == (first.who, second.who)
    assert (place(Block.hold, "held"), place(type(stand).want, "wanted")) == places(first)
    assert (place(type(stand).hold, "held"), place(Block.want, "wanted")) == places(second)


def places(seen: OrderSeen) -> tuple[str, str]:
    """Give the two places of an order."""
    return shown(seen.first_taken), shown(seen.second_taken)


async def test_the_text_has_the_source(order: LockOrder) -> None:
    """Two lines for each task, with what stands there."""
    a, b = mutexes("ab")

    async def forth() -> None:
        async with a:  # forth, a
            await b.acquire()  # forth, b
            b.release()

    async def back() -> None:
        await b.acquire()  # back, b
        async with a:  # back, a
            b.release()

    await as_task("forth", forth)
    await as_task("back", back)
    lines = str(order.inversions[0]).splitlines()

    assert 'task "forth" [held a, wanted b]:' in lines
    marks = ["forth, a", "forth, b", "back, b", "back, a"]
    lines_told = [line for line in lines if line.startswith(("  held since ", "  wanted at "))]
    assert [place(test_the_text_has_the_source, mark) for mark in marks] == [
        Path(line.split()[2]).name for line in lines_told
    ]
    assert any(line.endswith(" await b.acquire()  # forth, b") for line in lines)


async def test_a_ring_of_three_is_told(order: LockOrder) -> None:
    """No two of the locks were taken in both orders."""
    a, b, c = mutexes("abc")
    await each_in_a_task((a, b), (b, c), (c, a))

    assert ["a-b, b-c, c-a"] == told(order)
    assert "lock order inversion: a before b, b before c, but c before a" == order.inversions[0].headline


async def test_a_ring_through_outer_locks_is_told(order: LockOrder) -> None:
    """What is held is before all that is taken inside, not only before the next one."""
    a, b, c = mutexes("abc")
    await each_in_a_task((a, b, c), (c, a))

    assert ["a-c, c-a"] == told(order)


async def test_keys_of_one_mutex_are_locks_of_their_own(order: LockOrder) -> None:
    """Equal keys are one lock, however they are written."""
    keyed: KeyedMutex[float] = KeyedMutex("keyed")
    await each_in_a_task((keyed[1], keyed[2]), (keyed[2.0], keyed[1.0]))

    assert ["keyed[1]-keyed[2], keyed[2.0]-keyed[1.0]"] == told(order)


async def test_waits_that_were_given_up_count(order: LockOrder) -> None:
    """Nobody ever had both locks: what is wanted is what a deadlock is made of."""
    a, b = mutexes("ab")

    async def want(held: Mutex, wanted: Mutex) -> None:
        async with held:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(cancel, scope)
                    async with wanted:  # given up
                        raise AssertionError("somebody holds it")

    async def cancel(scope: anyio.CancelScope) -> None:
        await settle()
        scope.cancel()

    for held, wanted in ((a, b), (b, a)):
        async with held_by_another(wanted):
            await as_task("impatient", want, held, wanted)
    [report] = order.inversions

    assert ["a-b, b-a"] == told(order)
    assert {place(want, "given up")} == {shown(seen.second_taken) for seen in report.orders}


@asynccontextmanager
async def held_by_another(lock: Mutex) -> AsyncIterator[None]:
    """Another task holds it meanwhile."""
    done = anyio.Event()

    async def hold() -> None:
        async with lock:
            await done.wait()

    async with anyio.create_task_group() as group:
        group.start_soon(hold)
        await settle()
        yield
        done.set()


async def test_a_lock_that_was_given_back_first_is_not_before_the_next(order: LockOrder) -> None:
    """Released in the order in which they were taken: only the inner one is still held."""
    a, b, c = mutexes("abc")

    async def hand_over_hand() -> None:
        await a.acquire()
        await b.acquire()
        a.release()
        await c.acquire()
        b.release()
        c.release()

    await as_task("first", hand_over_hand)
    await each_in_a_task((c, a))
    assert [] == told(order)
    await each_in_a_task((c, b))
    assert ["b-c, c-b"] == told(order)


# --- each once --------------------------------------------------------------------------------------------


async def test_each_ring_is_told_once(order: LockOrder) -> None:
    """However often, and by whomever, it is made again."""
    a, b, c = mutexes("abc")
    for _ in range(3):
        await each_in_a_task((a, b), (b, a), (a, b, c), (c, b))

    assert ["a-b, b-a", "b-c, c-b"] == told(order)


async def test_one_task_alone_until_another_joins_in(order: LockOrder) -> None:
    """Both orders by one task are harmless, and no more when somebody else makes one of them."""
    a, b = mutexes("ab")
    await as_task("both", in_both_orders, a, b)
    assert [] == told(order)
    await each_in_a_task((a, b))
    assert ["b-a, a-b"] == told(order)


async def in_both_orders(first: Mutex, second: Mutex) -> None:
    """Take two locks in both orders."""
    await nest(first, second)
    await nest(second, first)


async def test_under_a_gate_until_once_without(order: LockOrder) -> None:
    """One that forgets the gate is enough, as soon as it does."""
    a, b, gate = mutexes("abg")
    await each_in_a_task((gate, a, b), (gate, b, a))
    assert [] == told(order)
    await each_in_a_task((a, b))
    assert ["b-a, a-b"] == told(order)


async def test_the_callback_hears_at_once() -> None:
    """It gets the same report that is listed, while the program runs."""
    heard: list[tuple[LockInversion, int]] = []
    a, b = mutexes("ab")
    with LockOrder(on_inversion=lambda report: heard.append((report, steps))) as order:
        for steps, locks in enumerate([(a, b), (b, a), (a, b)]):  # noqa: B007  # the callback reads it
            await as_task("task", nest, *locks)

    assert [(order.inversions[0], 1)] == heard
    assert isinstance(heard[0][0], LockInversion)


async def test_a_callback_that_raises_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program goes on, the report is there, and the callback's error is told."""
    complaints: list[str] = []
    monkeypatch.setattr("sys.unraisablehook", lambda fault: complaints.append(str(fault.exc_value)))

    def fail(report: LockInversion) -> None:
        raise ValueError("broken callback")

    a, b = mutexes("ab")
    with LockOrder(on_inversion=fail) as order:
        await each_in_a_task((a, b), (b, a))

    assert ["a-b, b-a"] == told(order)
    assert ["broken callback"] == complaints


# --- what must not be told --------------------------------------------------------------------------------


async def test_one_order_everywhere_is_not_told(order: LockOrder) -> None:
    """By many tasks that wait for each other, with some of the locks or all."""
    a, b, c = mutexes("abc")
    async with anyio.create_task_group() as group:
        for locks in [(a, b), (b, c), (a, c), (a, b, c)] * 3:
            group.start_soon(nest, *locks)

    assert [] == told(order)


async def test_one_task_alone_is_not_told(order: LockOrder) -> None:
    """It can't wait for itself in this way."""
    a, b, c = mutexes("abc")

    async def all_round() -> None:
        await in_both_orders(a, b)
        await in_both_orders(b, c)
        await in_both_orders(c, a)

    await as_task("task", all_round)

    assert [] == told(order)


async def test_a_ring_of_three_by_two_tasks_is_not_told(order: LockOrder) -> None:
    """One of them would have to wait in two places."""
    a, b, c = mutexes("abc")

    async def two_of_three() -> None:
        await nest(a, b)
        await nest(b, c)

    await as_task("two", two_of_three)
    await as_task("one", nest, c, a)

    assert [] == told(order)


async def test_two_harmless_rings_make_no_third(order: LockOrder) -> None:
    """Two tasks, each alone with its pair, meet at one lock."""
    a, b, c = mutexes("abc")
    await as_task("one", in_both_orders, b, c)
    await as_task("other", in_both_orders, a, b)

    assert [] == told(order)


@pytest.mark.parametrize("how", ["try_acquire", "acquire_nowait"])
async def test_what_does_not_wait_is_not_told(how: str, order: LockOrder) -> None:
    """It would have gone on without."""
    a, b = mutexes("ab")

    async def look_in() -> None:
        async with b:
            getattr(a, how)()
            a.release()

    await as_task("first", nest, a, b)
    await as_task("second", look_in)

    assert [] == told(order)


GATES: dict[str, Callable[[], Any]] = {
    "mutex": lambda: Mutex("gate"),
    "key": lambda: KeyedMutex[str]("gate")["x"],
    "writer": lambda: RWMutex("gate").writer,
    "Guarded": lambda: Guarded(0, name="gate"),
}


@pytest.mark.parametrize("name", GATES)
async def test_under_a_gate_is_not_told(name: str, order: LockOrder) -> None:
    """Only one task at a time is on its way from one lock to the other."""
    gate, [a, b, c] = GATES[name](), mutexes("abc")
    await each_in_a_task((gate, a, b), (gate, c, b, a))

    assert [] == told(order)


async def test_a_ring_of_three_with_a_gate_around_two_is_not_told(order: LockOrder) -> None:
    """The three orders can't be under way at once."""
    a, b, c, gate = mutexes("abcg")
    await each_in_a_task((gate, a, b), (gate, b, c), (c, a))

    assert [] == told(order)


async def test_a_gate_that_many_may_enter_is_none(order: LockOrder) -> None:
    """Two readers are inside at a time."""
    gate, [a, b] = RWMutex("gate").reader, mutexes("ab")
    await each_in_a_task((gate, a, b), (gate, b, a))

    assert ["a-b, b-a"] == told(order)


async def test_a_gate_that_only_one_takes_is_none(order: LockOrder) -> None:
    """Nor two different ones."""
    a, b, c, d, gate, other = mutexes("abcdgo")
    await each_in_a_task((gate, a, b), (b, a), (gate, c, d), (other, d, c))

    assert ["a-b, b-a", "c-d, d-c"] == told(order)


async def test_a_gate_inside_is_none(order: LockOrder) -> None:
    """Taken after the first lock it lets nobody wait outside."""
    a, b, gate = mutexes("abg")
    await each_in_a_task((a, gate, b), (b, gate, a))

    assert ["a-b, b-a"] == [ring for ring in told(order) if "g" not in ring]


async def test_both_sides_of_one_lock_are_one(order: LockOrder) -> None:
    """Reading twice, or going on as a reader, is no order."""
    rw, mux = RWMutex("rw"), Mutex("mux")

    async def read_twice() -> None:
        async with rw.reader, rw.reader, mux:
            pass

    async def downgrade() -> None:
        async with rw.writer:
            rw.downgrade()
            async with rw.reader, mux:
                pass

    async def only_the_lock_inside() -> None:
        async with mux:
            pass

    for function in (read_twice, downgrade, only_the_lock_inside):
        await as_task("task", function)

    assert [] == told(order)


async def test_a_second_read_that_was_given_back_leaves_the_first(order: LockOrder) -> None:
    """With the line where that was taken."""
    rw, mux = RWMutex("rw"), Mutex("mux")

    async def read_twice_then_lock() -> None:
        async with rw.reader:  # the first read
            async with rw.reader:
                pass
            async with mux:  # inside
                pass

    await as_task("first", read_twice_then_lock)
    await each_in_a_task((mux, rw.writer))

    assert ["rw.reader-mux, mux-rw.writer"] == told(order)
    [report] = order.inversions
    marks = place(read_twice_then_lock, "the first read"), place(read_twice_then_lock, "inside")
    assert marks == places(report.orders[0])


# --- which lock is which ----------------------------------------------------------------------------------


async def test_two_locks_of_one_line_are_never_mixed_up(order: LockOrder) -> None:
    """Not even when the first one has gone, and its address is used again."""
    for turn in range(20):
        a, b = Mutex("a"), Mutex("b")
        await each_in_a_task((a, b) if turn % 2 else (b, a))
        del a, b
        gc.collect(0)

    assert [] == told(order)


async def test_keys_that_read_alike_are_not_mixed_up(order: LockOrder) -> None:
    """Reports shorten long ones."""
    pages: KeyedMutex[str] = KeyedMutex("pages")
    mux = Mutex("mux")
    ann, bob = (pages[f"https://example.com/users/{name}/settings.html"] for name in ("ann", "bob"))
    assert ann.label == bob.label
    await each_in_a_task((ann, mux), (mux, bob))

    assert [] == told(order)


# --- several keys at once ---------------------------------------------------------------------------------


async def test_all_of_in_either_order_is_not_told(order: LockOrder) -> None:
    """It takes them in an order of its own, and in another one when nobody has them any more."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    await each_in_a_task((keyed.all_of("a", "b"),), (keyed.all_of("b", "a"),))
    await each_in_a_task((keyed.all_of("a", "b", "c"),), (keyed.all_of("c", "b", "a"),))
    async with anyio.create_task_group() as group:
        for keys in ("abc", "cba", "bca", "ca", "ab"):
            group.start_soon(nest, keyed.all_of(*keys))

    assert [] == told(order)


async def test_all_of_and_the_keys_by_hand_are_told(order: LockOrder) -> None:
    """Who takes them one by one has not agreed on anything."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    await each_in_a_task((keyed.all_of("a", "b"),), (keyed["b"], keyed["a"]))

    assert ["keyed['a']-keyed['b'], keyed['b']-keyed['a']"] == told(order)


async def test_all_of_and_later_the_same_keys_by_hand_are_told(order: LockOrder) -> None:
    """It is enough that they were once taken one by one, in the order in which `all_of` took them too."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    await each_in_a_task((keyed.all_of("a", "b"),), (keyed["a"], keyed["b"]))
    assert [] == told(order)
    await each_in_a_task((keyed.all_of("b", "a"),))
    assert ["keyed['a']-keyed['b'], keyed['b']-keyed['a']"] == told(order)


async def test_keys_by_hand_while_another_wants_all_of_them_are_told(order: LockOrder) -> None:
    """Somebody else's `all_of` does not make one of it."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")

    async def by_hand(group: TaskGroup) -> None:
        async with keyed["a"]:
            group.start_soon(nest, keyed.all_of("a", "b"))
            await settle()
            async with keyed["b"]:
                pass

    async with anyio.create_task_group() as group:
        group.start_soon(by_hand, group)
    await each_in_a_task((keyed.all_of("b", "a"),))

    assert ["keyed['a']-keyed['b'], keyed['b']-keyed['a']"] == told(order)


async def test_keys_by_hand_in_a_loop_are_told(order: LockOrder) -> None:
    """All are taken by one line, as those of `all_of` are."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    for keys in ("ab", "ba"):
        await as_task("task", nest, *(keyed[key] for key in keys))

    assert ["keyed['a']-keyed['b'], keyed['b']-keyed['a']"] == told(order)


async def test_all_of_inside_all_of_is_told(order: LockOrder) -> None:
    """Each has an order of its own, and waits while it holds the keys of the other; also from one line."""
    keyed: KeyedMutex[str] = KeyedMutex("keyed")
    await each_in_a_task((keyed.all_of("a"), keyed.all_of("b")), (keyed.all_of("b"), keyed.all_of("a")))

    assert ["keyed['a']-keyed['b'], keyed['b']-keyed['a']"] == told(order)


# --- when it listens --------------------------------------------------------------------------------------


async def test_it_listens_in_the_block_only() -> None:
    """Nothing is heard before it and after it, also after one that raised."""
    a, b = mutexes("ab")
    order = LockOrder()
    await each_in_a_task((a, b))
    with pytest.raises(ZeroDivisionError), order:
        assert 1 == len(probe.listeners)
        raise ZeroDivisionError
    assert [] == probe.listeners
    await each_in_a_task((a, b))
    with order:
        await each_in_a_task((b, a))
    await each_in_a_task((a, b))

    assert [] == told(order)


async def test_it_may_listen_again() -> None:
    """What was seen before counts; what was held then does not, for its release was not heard."""
    a, b, c = mutexes("abc")
    order = LockOrder()
    with order:
        await each_in_a_task((a, b))
        await c.acquire()
    c.release()
    with order:
        async with a:
            pass
        await each_in_a_task((a, c), (b, a))

    assert ["a-b, b-a"] == told(order)


async def test_a_lock_that_was_held_before_it_listened_does_no_harm() -> None:
    """Its release is heard of a task that holds nothing, or something else."""
    a, b, c = mutexes("abc")
    await a.acquire()
    with LockOrder() as order:
        await b.acquire()
        a.release()
        await c.acquire()
        b.release()
        c.release()
        await each_in_a_task((c, b))

    assert ["b-c, c-b"] == told(order)


async def test_two_that_listen_have_their_own_lists() -> None:
    """Each knows what it heard itself."""
    a, b = mutexes("ab")
    with LockOrder() as early:
        await each_in_a_task((a, b))
        with LockOrder() as late:
            await each_in_a_task((b, a))

    assert (["a-b, b-a"], []) == (told(early), told(late))


def test_runs_on_different_backends_count_together() -> None:
    """A lock is the same lock in each run."""
    a, b = mutexes("ab")

    async def forth() -> None:
        await each_in_a_task((a, b))

    async def back() -> None:
        await each_in_a_task((b, a))

    with LockOrder() as order:
        run_on(BACKENDS["trio"], forth)
        run_on(BACKENDS["asyncio"], back)

    assert ["a-b, b-a"] == told(order)


# --- what it keeps ----------------------------------------------------------------------------------------


async def test_no_lock_and_no_task_is_kept_alive(order: LockOrder) -> None:
    """Also not those that a report tells of."""
    rw, keyed, [a, b] = RWMutex("rw"), KeyedMutex[str]("keyed"), mutexes("ab")
    kept: list[weakref.ref[Any]] = [weakref.ref(lock) for lock in (rw, keyed, a, b)]

    async def take(*locks: Any) -> None:
        kept.append(weakref.ref(native_task()))
        await nest(*locks)

    for locks in ((a, rw.writer, keyed["x"], b), (b, keyed["x"], rw.reader, a)):
        await as_task("task", take, *locks)
    del rw, keyed, a, b, locks
    await settle()
    gc.collect()

    assert 1 <= len(order.inversions)
    assert [None] * 6 == [thing() for thing in kept]


# --- against a search of all interleavings ----------------------------------------------------------------


def can_deadlock(nests: Sequence[Sequence[int]]) -> bool:
    """Search all states of tasks that each take a series of locks and give all back at its end."""
    start = (0,) * len(nests)
    seen, states = {start}, [start]
    for state in states:
        held = {lock for taken, locks in zip(state, nests, strict=True) for lock in locks[: max(taken, 0)]}
        following = [
            (*state[:task], -1 if taken == len(nests[task]) else taken + 1, *state[task + 1 :])
            for task, taken in enumerate(state)
            if taken >= 0 and (taken == len(nests[task]) or nests[task][taken] not in held)
        ]
        if not following and any(taken >= 0 for taken in state):
            return True
        for after in following:
            if after not in seen:
                seen.add(after)
                states.append(after)
    return False


def random_nests(dice: random.Random) -> list[list[int]]:
    """Give two to four tasks, each with one to three of four locks."""
    return [dice.sample(range(4), dice.randint(1, 3)) for _ in range(dice.randint(2, 4))]


def test_what_is_told_is_what_can_deadlock() -> None:
    """One after the other the tasks never do; in some interleaving they do, or in none at all."""
    dice = random.Random(1)
    programs = [random_nests(dice) for _ in range(200)]
    inversions = run_on(BACKENDS["trio"], partial(inversions_of_each, programs))
    expected = {str(nests): can_deadlock(nests) for nests in programs}

    assert expected == {str(nests): bool(found) for nests, found in zip(programs, inversions, strict=True)}
    assert 50 < sum(expected.values()) < 150


async def inversions_of_each(programs: list[list[list[int]]]) -> list[list[LockInversion]]:
    """Run each program with locks of its own, its tasks one after the other."""
    found = []
    for nests in programs:
        locks = mutexes("abcd")
        with LockOrder() as order:
            for numbers in nests:
                await as_task("task", nest_at_once, [locks[number] for number in numbers])
        found.append(order.inversions)
    return found


async def nest_at_once(locks: list[Mutex]) -> None:
    """Take them one inside the other, and give them back."""
    for lock in locks:
        await lock.acquire()
    for lock in reversed(locks):
        lock.release()
