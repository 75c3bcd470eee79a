"""Rings of waits that must be told: to the task that closes them, at once, with every task and line in it.

The twins that must not be told are in `test_no_deadlocks.py`, joins in `test_deadlock_joins.py`, and rings at
random in `test_deadlock_model.py`.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import json
import pickle
import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from standoffs import (
    AllOf,
    Block,
    Called,
    Create,
    NoWait,
    Read,
    Swap,
    Tried,
    Update,
    alarm,
    check_headline,
    check_ring,
    in_time,
    is_called,
    is_since,
    is_wanted,
    paragraph,
    run_ring,
    warm,
)
from turns import BACKENDS, place, run_in_thread, run_on, settle

from anymutex import DeadlockError, Guarded, KeyedMutex, Mutex, RWMutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anyio.abc import TaskGroup
    from standoffs import Stand
    from turns import Backend

    Make: TypeAlias = Callable[[], list[Stand]]


@pytest.fixture(autouse=True)
def ends() -> Iterator[None]:
    """Let no test run for ever."""
    with alarm():
        yield


# --- two tasks, line by line ------------------------------------------------------------------------------


class Bank:
    """Two accounts, two transfers in opposite directions, and what became of them."""

    def __init__(self) -> None:
        self.x, self.y = Mutex("x"), Mutex("y")
        self.both = anyio.Event()
        self.error: DeadlockError | None = None
        self.done: list[str] = []

    async def there(self) -> None:
        """Hold x, want y."""
        async with self.x:  # holds x
            await self.both.wait()
            await self.take_y()  # calls
            self.done.append("there")

    async def take_y(self) -> None:
        """Want y."""
        async with self.y:  # wants y
            pass

    async def back(self) -> None:
        """Hold y, want x; be told, and look at what that changed."""
        async with self.y:  # holds y
            self.both.set()
            await settle()
            try:
                async with self.x:  # wants x
                    self.done.append("back")
            except DeadlockError as error:
                self.error = error
            assert self.y.held()
            assert not self.x.held()
            assert [1, 0] == [self.y.statistics().tasks_waiting, self.x.statistics().tasks_waiting]
            await settle()
            assert [] == self.done

    async def run(self) -> DeadlockError:
        """Transfer in both directions at once."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.there, name="x->y")
            group.start_soon(self.back, name="y->x")
        assert self.error
        return self.error


async def test_two_tasks_that_take_two_locks_in_opposite_order() -> None:
    """The one that closes the ring is told; it keeps what it holds; the other goes on when it lets go."""
    bank = Bank()
    error = await in_time(bank.run)

    assert ["there"] == bank.done
    assert not bank.x.locked()
    assert not bank.y.locked()
    check_headline(error, 2)


async def test_the_report_names_both_tasks_both_locks_and_all_four_lines() -> None:
    """Each task has a paragraph: what it holds since which line, what it wants at which line, and the way."""
    error = await in_time(Bank().run)
    there, back = paragraph(error, "x->y"), paragraph(error, "y->x")

    assert "x" in there.partition("\n")[0]
    assert is_since(there, place(Bank.there, "holds x"))
    assert is_called(there, place(Bank.there, "calls"))
    assert is_wanted(there, place(Bank.take_y, "wants y"))
    assert is_since(back, place(Bank.back, "holds y"))
    assert is_wanted(back, place(Bank.back, "wants x"))
    assert not is_wanted(back, place(Bank.take_y, "wants y"))


async def test_the_report_shows_none_of_anymutex_own_lines() -> None:
    """A stack ends where the user's code ends."""
    error = await in_time(Bank().run)

    assert [] == re.findall(r"\S*(?:mutex|waitqueue|locklike|exclusive)\.py:\d+", str(error))


async def test_the_report_is_plain_data() -> None:
    """It goes through JSON and pickle, and says the same as the error."""
    error = await in_time(Bank().run)
    plain = json.loads(json.dumps(error.report.to_json()))

    assert str(error) == plain["text"]
    assert {"x->y", "y->x"} == {name for name in ("x->y", "y->x", "main") if name in json.dumps(plain)}
    assert error.report == pickle.loads(pickle.dumps(error.report))


async def test_it_is_told_at_once() -> None:
    """No timer is waited for: the wait that closes the ring never begins."""
    bank = Bank()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async def close() -> int:
        async with anyio.create_task_group() as group:
            group.start_soon(bank.run)
            group.start_soon(count)
            while bank.error is None:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        return turns

    assert await in_time(close) < 100


# --- every kind -------------------------------------------------------------------------------------------


def mutexes() -> list[Stand]:
    """Two plain mutexes."""
    return [Block("left", Mutex("left")), Block("right", Mutex("right"))]


def fast_mutexes() -> list[Stand]:
    """Two that never yield when free."""
    return [Block(name, Mutex(name, fast_acquire=True)) for name in ("left", "right")]


def called_mutexes() -> list[Stand]:
    """Taken by `acquire`."""
    return [Called(name, Mutex(name)) for name in ("left", "right")]


def tried_mutexes() -> list[Stand]:
    """Taken without waiting."""
    return [Tried("left", Mutex("left")), NoWait("right", Mutex("right"))]


def writers() -> list[Stand]:
    """Two tasks that write, and want to read what the other writes."""
    rates, stock = RWMutex("rates"), RWMutex("stock")
    return [
        Block("rates.writer", rates.writer, rates.reader, "rates.reader"),
        Block("stock.writer", stock.writer, stock.reader, "stock.reader"),
    ]


def readers() -> list[Stand]:
    """Two tasks that read, and want to write what the other reads."""
    rates, stock = RWMutex("rates"), RWMutex("stock")
    return [
        Block("rates.reader", rates.reader, rates.writer, "rates.writer"),
        Block("stock.reader", stock.reader, stock.writer, "stock.writer"),
    ]


def keys() -> list[Stand]:
    """Two keys of one KeyedMutex."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    return [Block(f"accounts[{key!r}]", accounts[key]) for key in ("x", "y")]


def groups_of_keys() -> list[Stand]:
    """Two groups of keys, each taken together."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    return [
        AllOf("accounts['x']", accounts, ("x", "a")),
        AllOf("accounts['y']", accounts, ("y", "b")),
    ]


def guarded() -> list[Stand]:
    """Two values, one inside the other."""
    return [Block("hits", Guarded(0, name="hits")), Block("misses", Guarded(0, name="misses"))]


def guarded_for_reading() -> list[Stand]:
    """Two values that are read, while the other wants to write them."""
    rates = Guarded({"eur": 1.0}, name="rates", lock=RWMutex("rates_lock"))
    names = Guarded(["ann"], name="names", lock=RWMutex("names_lock"))
    return [Read("rates_lock", rates), Read("names_lock", names)]


def updates() -> list[Stand]:
    """Two keys of one map under `update_key`."""
    stock: SharedMap[str, int] = SharedMap(name="stock")
    return [Update(stock, "tea"), Update(stock, "milk")]


def updates_of_two_maps() -> list[Stand]:
    """The same key of two maps under `update_key`."""
    return [Update(SharedMap(name="stock"), "tea"), Update(SharedMap(name="prices"), "tea")]


def swaps() -> list[Stand]:
    """Two keys under `update_key`, and `compare_and_swap` waits for it."""
    stock: SharedMap[str, int] = SharedMap(name="stock")
    return [Swap(stock, "tea"), Swap(stock, "milk")]


def creations() -> list[Stand]:
    """Two keys whose values are created; each factory wants the other value."""
    cache: SharedMap[str, int] = SharedMap(name="cache")
    return [Create(cache, "ann"), Create(cache, "bob")]


def four_kinds() -> list[Stand]:
    """A lock, a key, a writer and a creation."""
    rates = RWMutex("rates")
    accounts: KeyedMutex[int] = KeyedMutex("accounts")
    return [
        Block("left", Mutex("left")),
        Block("accounts[7]", accounts[7]),
        Block("rates.writer", rates.writer, rates.reader, "rates.reader"),
        Create(SharedMap(name="cache"), "ann"),
    ]


def four_other_kinds() -> list[Stand]:
    """A reader, a value, an update and a lock."""
    rates = RWMutex("rates")
    return [
        Block("rates.reader", rates.reader, rates.writer, "rates.writer"),
        Block("hits", Guarded(0, name="hits")),
        Update(SharedMap(name="stock"), "tea"),
        Called("left", Mutex("left")),
    ]


KINDS: dict[str, Make] = {
    make.__name__.replace("_", " "): make
    for make in (
        mutexes,
        fast_mutexes,
        called_mutexes,
        tried_mutexes,
        writers,
        readers,
        keys,
        groups_of_keys,
        guarded,
        guarded_for_reading,
        updates,
        updates_of_two_maps,
        swaps,
        creations,
        four_kinds,
        four_other_kinds,
    )
}
LONG = 1000.0

every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@every_kind
async def test_a_ring_of_fresh_locks(make: Make) -> None:
    """Nothing was ever contended before the ring closes, and no deadline is anywhere."""
    await in_time(partial(check_ring, make()))


@every_kind
async def test_a_ring_of_warm_locks_under_a_deadline_around_everything(make: Make) -> None:
    """A time limit for a whole request is no excuse: it would end what is held, too."""
    stands = make()
    for stand in stands:
        await warm(stand)
    with anyio.fail_after(LONG):
        await in_time(partial(check_ring, stands))


@pytest.mark.parametrize("count", [2, 3, 20])
async def test_a_ring_may_be_long(count: int) -> None:
    """Every task of it stands in the report."""
    await in_time(partial(check_ring, [Block(f"lock {n}.", Mutex(f"lock {n}.")) for n in range(count)]))


@pytest.mark.parametrize("anyio_backend", [BACKENDS["uvloop"], BACKENDS["trio"]], ids=["uvloop", "trio"])
async def test_a_ring_longer_than_pythons_stack() -> None:
    """Nothing about it is recursive."""
    chain = [Mutex(f"lock {number}.") for number in range(1200)]
    told: list[DeadlockError] = []
    order: list[int] = []

    async def link(number: int) -> None:
        async with chain[number]:
            await start.wait()
            async with chain[number + 1]:
                order.append(number)

    async def close() -> None:
        async with chain[-1]:
            start.set()
            await settle()
            try:
                await chain[0].acquire()
            except DeadlockError as error:
                told.append(error)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for number in range(len(chain) - 1):
                group.start_soon(link, number, name=f"link {number}.")
            await settle()
            group.start_soon(close, name="closer")

    start = anyio.Event()
    await in_time(run, 5.0)

    [error] = told
    check_headline(error, len(chain))
    assert list(reversed(range(len(chain) - 1))) == order


@pytest.mark.parametrize("kind", ["mutexes", "four kinds"])
def test_locks_that_were_contended_in_an_earlier_run_elsewhere(kind: str) -> None:
    """What was known about a lock in one run is not needed, nor believed, in the next."""

    async def use() -> None:
        for stand in stands:
            await warm(stand)

    for backend in BACKENDS.values():
        stands = KINDS[kind]()
        for earlier in BACKENDS.values():
            run_on(earlier, use)
        run_on(backend, partial(in_time, partial(check_ring, stands)))


def test_two_threads_with_a_ring_each() -> None:
    """Each loop's ring is told in that loop, with its own tasks."""

    def work(backend: Backend) -> DeadlockError:
        return run_on(backend, partial(in_time, partial(check_ring, mutexes())))

    async def main() -> None:
        bank = Bank()
        async with bank.x:
            await anyio.to_thread.run_sync(work, BACKENDS["trio"])
            await anyio.to_thread.run_sync(work, BACKENDS["asyncio"])
        await in_time(bank.run)

    for backend in BACKENDS.values():
        run_in_thread(partial(run_on, backend, main))


# --- philosophers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 5])
async def test_philosophers_who_put_the_fork_down_when_told_all_eat(count: int) -> None:
    """The error is something a program can recover from: let go, let others in, and try again."""
    forks = [Mutex(f"fork {number}") for number in range(count)]
    eaten: list[int] = []
    told: list[int] = []

    async def dine(number: int) -> None:
        while number not in eaten:
            try:
                async with forks[number]:
                    await settle()
                    async with forks[(number + 1) % count]:
                        eaten.append(number)
            except DeadlockError:
                told.append(number)

    async def table() -> None:
        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(dine, number)

    await in_time(table)

    assert list(range(count)) == sorted(eaten)
    assert told
    assert not any(fork.locked() for fork in forks)


async def test_nobody_else_is_told() -> None:
    """Those who stand in the queues of the ring's locks are no part of it, and come through."""
    stands = mutexes()
    inside: list[int] = []

    async def bystander(number: int, stand: Stand) -> None:
        await stand.want()
        inside.append(number)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(go)
            await anyio.lowlevel.checkpoint()
            for number in range(20):
                group.start_soon(bystander, number, stands[number % 2])

    async def go() -> None:
        told.update((await run_ring(stands)).errors)

    told: dict[str, DeadlockError] = {}
    await in_time(run)

    assert ["member 1"] == list(told)
    assert "bystander" not in str(told["member 1"])
    assert list(range(20)) == sorted(inside)


async def test_two_rings_at_a_time() -> None:
    """Each has its own error, with its own tasks."""
    rings = [mutexes(), updates()]

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for ring in rings:
                group.start_soon(check_ring, ring)

    await in_time(run)


async def test_a_second_ring_through_the_same_tasks() -> None:
    """While the one that was told goes on to wait for something else, nothing of the first is left."""
    x, y, z = Mutex("x"), Mutex("y"), Mutex("z")
    told: list[tuple[str, DeadlockError]] = []

    async def first() -> None:
        async with x:
            await ready.wait()
            async with y:
                pass

    async def second() -> None:
        async with y:
            ready.set()
            await settle()
            for lock in (x, z):
                try:
                    async with lock:
                        pass
                except DeadlockError as error:
                    told.append(("second", error))

    async def third() -> None:
        async with z:
            await settle()
            await settle()
            try:
                async with x:
                    pass
            except DeadlockError as error:
                told.append(("third", error))

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for task in (first, second, third):
                group.start_soon(task, name=task.__name__)

    ready = anyio.Event()
    await in_time(run)

    assert ["second", "third"] == [name for name, _ in told]
    check_headline(told[0][1], 2)
    check_headline(told[1][1], 3)


# --- where a lock was taken -------------------------------------------------------------------------------


async def test_a_lock_that_was_handed_over_is_held_since_the_line_that_asked() -> None:
    """It makes no difference to the report whether a lock was free or had to be waited for."""
    x, y = Mutex("x"), Mutex("y")
    told: list[DeadlockError] = []

    async def other() -> None:
        async with x:
            await queued.wait()
        async with y, x:
            pass

    async def heir() -> None:
        queued.set()
        async with x:  # asks for x
            await settle()
            try:
                async with y:  # wants y
                    pass
            except DeadlockError as error:
                told.append(error)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(other, name="other")
            await settle()
            group.start_soon(heir, name="heir")

    queued = anyio.Event()
    await in_time(run)
    [error] = told
    here = test_a_lock_that_was_handed_over_is_held_since_the_line_that_asked

    assert is_since(paragraph(error, "heir"), place(here, "asks for x"))
    assert is_wanted(paragraph(error, "heir"), place(here, "wants y"))


async def test_the_lock_in_the_ring_is_named_not_the_others_that_are_held() -> None:
    """A task that went down a recursive call with a lock at each level: the right lock, the right lines."""
    ladder = [Mutex(f"rung {number}.") for number in range(6)]
    top = Mutex("top")
    told: list[DeadlockError] = []

    async def descend(depth: int) -> None:
        if depth == len(ladder):
            await taken.wait()
            async with top:  # wants top
                return
        async with ladder[depth]:  # takes a rung
            await descend(depth + 1)  # goes down

    async def intruder() -> None:
        async with top:  # takes top
            taken.set()
            await settle()
            try:
                async with ladder[3]:  # wants a rung
                    pass
            except DeadlockError as error:
                told.append(error)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(descend, 0, name="climber")
            await settle()
            group.start_soon(intruder, name="intruder")

    taken = anyio.Event()
    await in_time(run)
    here = test_the_lock_in_the_ring_is_named_not_the_others_that_are_held
    climber, other = paragraph(told[0], "climber"), paragraph(told[0], "intruder")

    assert "rung 3." in climber
    assert is_since(climber, place(here, "takes a rung"))
    assert is_wanted(climber, place(here, "wants top"))
    assert len(ladder) <= len(re.findall(place(here, "goes down"), climber))
    assert is_since(other, place(here, "takes top"))
    assert is_wanted(other, place(here, "wants a rung"))
    assert not any(f"rung {number}." in str(told[0]) for number in (0, 1, 2, 4, 5))


# --- readers and writers ----------------------------------------------------------------------------------


async def test_an_upgrade_is_told_at_once() -> None:
    """A reader that wants to write waits for itself, whoever else reads."""
    rates = RWMutex("rates")
    told: list[DeadlockError] = []

    async def upgrade() -> None:
        async with rates.reader:
            await settle()
            try:
                async with rates.writer:
                    pass
            except DeadlockError as error:
                told.append(error)
            await settle()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(upgrade, name="ann")
            group.start_soon(upgrade, name="bob")

    await in_time(run)

    assert 2 == len(told)
    assert {"ann", "bob"} == {name for name in ("ann", "bob") for error in told if f'"{name}"' in str(error)}
    assert all("rates" in str(error) for error in told)
    assert not rates.reader.locked()
    assert not rates.writer.locked()


class Library:
    """A book that one writes and others read, and a key: who waits for whom is up to each test."""

    def __init__(self) -> None:
        self.book = RWMutex("book")
        self.key = Mutex("key")
        self.done: list[str] = []
        self.told: dict[str, DeadlockError] = {}

    async def hold_and_want(self, name: str, held: Any, wanted: Any, turn: anyio.Event) -> None:
        """Take one, wait for the turn, want another."""
        async with held:
            await turn.wait()
            await self.want(name, wanted)

    async def want(self, name: str, wanted: Any) -> None:
        """Want one."""
        try:
            async with wanted:
                self.done.append(name)
        except DeadlockError as error:
            self.told[name] = error

    def start(self, group: TaskGroup, name: str, held: Any, wanted: Any, turn: anyio.Event) -> None:
        """Do so in a task of its own."""
        group.start_soon(self.hold_and_want, name, held, wanted, turn, name=name)

    async def read_until(self, over: anyio.Event) -> None:
        """Read, and want nothing."""
        async with self.book.reader:
            await over.wait()

    def is_free(self) -> bool:
        """Tell whether nobody holds anything."""
        return not (self.book.reader.locked() or self.book.writer.locked() or self.key.locked())


@pytest.mark.parametrize("closer", ["reader", "writer"])
async def test_a_writer_waits_for_all_readers_and_one_of_them_for_the_writer(closer: str) -> None:
    """The ring goes through the one reader of several that waits, whichever task closes it."""
    library = Library()
    over = anyio.Event()
    turns = {"reader": anyio.Event(), "writer": anyio.Event()}

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for name in ("first", "last"):
                group.start_soon(library.read_until, over, name=f"idle {name}")
            library.start(group, "reader", library.book.reader, library.key, turns["reader"])
            library.start(group, "writer", library.key, library.book.writer, turns["writer"])
            await settle()
            for name in sorted(turns, key=lambda name: name == closer):
                turns[name].set()
                await settle()
            assert [closer] == list(library.told)
            over.set()

    await in_time(run)

    [error] = library.told.values()
    check_headline(error, 2)
    assert "idle" not in str(error)
    assert {"reader", "writer"} - {closer} == set(library.done)
    assert library.is_free()


async def test_two_readers_and_a_writer() -> None:
    """Both readers want the key that the writer holds: the first closes nothing, the writer does."""
    library = Library()
    go = anyio.Event()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for name in ("ann", "bob"):
                library.start(group, name, library.book.reader, library.key, go)
            await settle()
            async with library.key:
                go.set()
                await settle()
                await library.want("writer", library.book.writer)
                assert ["writer"] == list(library.told)

    await in_time(run)

    assert ["ann", "bob"] == sorted(library.done)
    assert library.is_free()


@pytest.mark.parametrize("closer", ["newcomer", "reader"])
async def test_a_newcomer_behind_a_waiting_writer_waits_for_the_readers_inside(closer: str) -> None:
    """A reader must queue while a writer waits; so it waits, through the writer, for those who read."""
    library = Library()
    turns = {"newcomer": anyio.Event(), "reader": anyio.Event()}

    async def run() -> None:
        async with anyio.create_task_group() as group:
            library.start(group, "reader", library.book.reader, library.key, turns["reader"])
            library.start(group, "newcomer", library.key, library.book.reader, turns["newcomer"])
            await settle()
            group.start_soon(library.want, "writer", library.book.writer, name="writer")
            await settle()
            for name in sorted(turns, key=lambda name: name == closer):
                turns[name].set()
                await settle()

    await in_time(run)

    assert [closer] == list(library.told)
    assert {"newcomer", "reader", "writer"} - {closer} == set(library.done)
    assert library.is_free()


async def test_a_writer_behind_a_waiting_writer_waits_for_the_readers_inside() -> None:
    """The second in the queue of writers holds what the reader wants."""
    library = Library()
    turn = anyio.Event()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            library.start(group, "reader", library.book.reader, library.key, turn)
            await settle()
            group.start_soon(library.want, "first writer", library.book.writer, name="first writer")
            await settle()
            async with library.key:
                turn.set()
                await settle()
                await library.want("second writer", library.book.writer)

    await in_time(run)

    assert ["second writer"] == list(library.told)
    assert ["reader", "first writer"] == library.done
    assert library.is_free()


async def test_a_writer_that_became_a_reader_is_waited_for_as_a_reader() -> None:
    """After `downgrade` the task holds the reader, and the next writer waits for it."""
    library = Library()
    turn = anyio.Event()

    async def downgrade() -> None:
        async with library.book.writer:
            library.book.downgrade()
            await turn.wait()
            await library.want("reader", library.key)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(downgrade, name="reader")
            await settle()
            async with library.key:
                turn.set()
                await settle()
                await library.want("writer", library.book.writer)

    await in_time(run)

    assert ["writer"] == list(library.told)
    assert ["reader"] == library.done
    assert library.is_free()


# --- keys and maps ----------------------------------------------------------------------------------------


async def test_a_group_of_keys_that_waits_halfway_is_part_of_a_ring() -> None:
    """`all_of` holds the first key while it waits for the second, in an order of its own.

    Of the two tasks that hold one key of it and want the other, exactly one closes a ring.
    """
    told: list[str] = []
    done: list[str] = []

    async def attempt(held: str, wanted: str) -> None:
        accounts: KeyedMutex[str] = KeyedMutex("accounts")

        async def take_both() -> None:
            async with accounts.all_of("a", "b"):  # takes both
                done.append("both")

        async with anyio.create_task_group() as group, accounts[held]:
            group.start_soon(take_both, name="both")
            await settle()
            try:
                async with accounts[wanted]:
                    pass
            except DeadlockError as error:
                told.append(paragraph(error, "both"))
        assert 0 == len(accounts)

    await in_time(partial(attempt, "a", "b"))
    await in_time(partial(attempt, "b", "a"))

    assert ["both", "both"] == done
    [text] = told
    line = place(test_a_group_of_keys_that_waits_halfway_is_part_of_a_ring, "takes both")
    assert is_since(text, line)
    assert is_wanted(text, line)


async def test_a_group_of_keys_that_closes_a_ring_keeps_nothing() -> None:
    """Told halfway through `all_of`, a task has none of the keys; what it held before it still has."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    door = Mutex("door")
    told: list[DeadlockError] = []
    done: list[str] = []

    async def other() -> None:
        async with accounts["b"]:
            await anyio.lowlevel.checkpoint()
            async with door:
                done.append("other")

    async def run() -> None:
        async with anyio.create_task_group() as group, door:
            group.start_soon(other, name="other")
            await settle()
            try:
                async with accounts.all_of("a", "b", "c"):
                    pass
            except DeadlockError as error:
                told.append(error)
            assert door.held()
            assert ["b"] == [key for key in "abc" if key in accounts]

    await in_time(run)

    check_headline(told[0], 2)
    assert ["other"] == done
    assert 0 == len(accounts)


async def test_an_update_that_closes_a_ring_changes_nothing() -> None:
    """The error leaves the update function like any other: the old value stays, the other update is made."""
    stock = SharedMap({"tea": 1, "milk": 1}, name="stock")
    told: list[str] = []

    async def add(first: str, second: str) -> None:
        async def inner(value: int) -> int:
            return value + 10

        async def outer(value: int) -> int:
            await settle()
            await stock.update_key(second, inner)
            return value + 1

        try:
            await stock.update_key(first, outer)
        except DeadlockError:
            told.append(first)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(add, "tea", "milk")
            group.start_soon(add, "milk", "tea")

    await in_time(run)

    [first] = told
    second = "milk" if first == "tea" else "tea"
    assert {first: 11, second: 2} == stock.snapshot()


async def test_factories_that_want_each_others_value_both_fail_and_are_forgotten() -> None:
    """An error of a factory reaches all who wait for it: here the other factory, which fails with it."""
    cache: SharedMap[str, str] = SharedMap(name="cache")
    told: list[str] = []

    async def create(first: str, second: str) -> None:
        async def make() -> str:
            await settle()
            return await cache.get_or_create(second, plain) + first

        async def plain() -> str:
            return "plain"

        try:
            await cache.get_or_create(first, make)
        except DeadlockError:
            told.append(first)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(create, "ann", "bob")
            group.start_soon(create, "bob", "ann")

    async def again() -> str:
        return "anew"

    await in_time(run)

    assert ["ann", "bob"] == sorted(told)
    assert {} == cache.snapshot()
    assert "anew" == await cache.get_or_create("ann", again)


async def test_a_follower_that_took_over_is_waited_for_as_the_leader() -> None:
    """When a creating task is cancelled the next one creates: a ring goes through that one."""
    cache: SharedMap[str, int] = SharedMap(name="cache")
    mux = Mutex("mux")
    told: list[DeadlockError] = []
    scope = anyio.CancelScope()

    async def first() -> None:
        with scope:
            await cache.get_or_create("ann", anyio.sleep_forever)  # type: ignore[arg-type]  # never returns

    async def heir() -> None:
        async def make() -> int:
            await go.wait()
            async with mux:
                return 1

        await cache.get_or_create("ann", make)  # takes over

    async def unused() -> int:
        return 2

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(first, name="first")
            await settle()
            group.start_soon(heir, name="heir")
            await settle()
            scope.cancel()
            await settle()
            async with mux:
                go.set()
                await settle()
                try:
                    await cache.get_or_create("ann", unused)
                except DeadlockError as error:
                    told.append(error)

    go = anyio.Event()
    await in_time(run)

    check_headline(told[0], 2)
    assert '"first"' not in str(told[0])
    assert {"ann": 1} == cache.snapshot()


# --- deadlines that are no excuse -------------------------------------------------------------------------


@pytest.mark.parametrize("closer", [0, 1])
async def test_a_deadline_that_is_later_than_the_one_around_is_no_excuse(closer: int) -> None:
    """A scope that can't end the wait before everything ends anyway is not a time limit for the wait."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def patient(held: Mutex, wanted: Mutex, turn: anyio.Event) -> None:
        async with held:
            await turn.wait()
            with anyio.move_on_after(2 * LONG):
                try:
                    async with wanted:
                        pass
                except DeadlockError:
                    told.append(held.label)

    async def run() -> None:
        turns = [anyio.Event(), anyio.Event()]
        with anyio.fail_after(LONG):
            async with anyio.create_task_group() as group:
                group.start_soon(patient, x, y, turns[0])
                group.start_soon(patient, y, x, turns[1])
                await settle()
                turns[1 - closer].set()
                await settle()
                turns[closer].set()

    await in_time(run)

    assert [["x", "y"][closer]] == told


async def test_a_deadline_that_ends_the_hold_is_no_excuse() -> None:
    """A scope around the block that holds and wants: when it ends the wait, the hold ends with it."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def limited(held: Mutex, wanted: Mutex) -> None:
        with anyio.move_on_after(LONG):
            async with held:
                await settle()
                try:
                    async with wanted:
                        pass
                except DeadlockError:
                    told.append(held.label)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(limited, x, y)
            group.start_soon(limited, y, x)

    await in_time(run)

    assert 1 == len(told)


async def test_a_deadline_that_ends_the_hold_of_a_lock_that_was_handed_over_is_no_excuse() -> None:
    """What counts is the deadline of the task that got the lock, not of the one that gave it."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def giver() -> None:
        async with x:
            while x.statistics().tasks_waiting == 0:
                await anyio.lowlevel.checkpoint()

    async def limited() -> None:
        with anyio.move_on_after(LONG):
            async with x:
                while not y.locked():
                    await anyio.lowlevel.checkpoint()
                async with y:
                    told.append("got y")

    async def other() -> None:
        await settle()
        async with y:
            await settle()
            try:
                async with x:
                    pass
            except DeadlockError:
                told.append("told")

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for task in (giver, limited, other):
                group.start_soon(task)
                await settle()

    await in_time(run)

    assert ["told", "got y"] == told


async def test_a_time_limit_that_was_left_is_no_excuse() -> None:
    """Only the scope counts that is around the wait now."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def once_limited(held: Mutex, wanted: Mutex) -> None:
        async with held:
            with anyio.move_on_after(LONG):
                await settle()
            try:
                async with wanted:
                    pass
            except DeadlockError:
                told.append(held.label)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(once_limited, x, y)
            group.start_soon(once_limited, y, x)

    await in_time(run)

    assert 1 == len(told)


async def test_who_gave_up_in_time_and_waits_again_without_a_limit_closes_the_ring() -> None:
    """An excuse is for one wait."""
    x, y = Mutex("x"), Mutex("y")
    told: list[str] = []

    async def stubborn() -> None:
        async with x:
            await settle()
            with anyio.move_on_after(0.01):
                async with y:
                    told.append("got y in time")
            try:
                async with y:
                    told.append("got y")
            except DeadlockError:
                told.append("told")

    async def other() -> None:
        async with y:
            await settle()
            async with x:
                told.append("got x")

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(stubborn)
            group.start_soon(other)

    await in_time(run)

    assert ["told", "got x"] == told


@pytest.mark.parametrize("names", [("limited", "plain"), ("plain", "limited")])
async def test_an_excused_way_does_not_hide_another_that_is_not(names: tuple[str, str]) -> None:
    """A writer waits for two readers: one has a time limit, the other one has not."""
    library = Library()

    async def limited(turn: anyio.Event) -> None:
        async with library.book.reader:
            await turn.wait()
            with anyio.move_on_after(LONG):
                await library.want("limited", library.key)

    async def run() -> None:
        turn = anyio.Event()
        async with anyio.create_task_group() as group:
            for name in names:
                if name == "limited":
                    group.start_soon(limited, turn, name="limited")
                else:
                    library.start(group, "plain", library.book.reader, library.key, turn)
                await settle()
            async with library.key:
                turn.set()
                await settle()
                await library.want("writer", library.book.writer)

    await in_time(run)

    [error] = library.told.values()
    assert ["writer"] == list(library.told)
    assert '"plain"' in str(error)
    assert '"limited"' not in str(error)
    assert library.is_free()
