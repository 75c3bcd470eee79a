"""A parent that waits for the child that wants its lock: told within a second, if nothing can end it."""

# The house style is `assert expected == actual`.
# A lock around a group is two blocks here, as people write it.
# ruff: noqa: SIM117, SIM300

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio
from families import ASLEEP, Family, opened_group, run_everywhere
from standoffs import alarm, check_headline, is_called, is_since, is_wanted, paragraph
from turns import ASYNCIO_BACKENDS, BACKENDS, TRIO_BACKENDS, place, settle

from anymutex import Guarded, KeyedMutex, Mutex, RWMutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from families import Program


@dataclass(frozen=True)
class Expected:
    """What must come of a program that closes a ring."""

    program: Program
    backends: Iterable[str]
    tellable: tuple[str, ...]
    """The tasks of which exactly one is told."""
    ring: tuple[str, ...]
    """The tasks that the report names."""
    done: tuple[str, ...]
    """Who else gets what they wanted after all, besides the tellable that were not told."""


MUST_TELL: dict[str, Expected] = {}
MUST_NOT_TELL: dict[str, tuple[Program, Iterable[str]]] = {}


def must_tell(
    *tellable: str,
    ring: tuple[str, ...] = ("parent", "child"),
    done: tuple[str, ...] = (),
    backends: Iterable[str] = tuple(BACKENDS),
) -> Callable[[Program], Program]:
    """A program in which one of these tasks must get the error."""

    def note(program: Program) -> Program:
        name = program.__name__
        MUST_TELL[name] = Expected(program, backends, tellable or ("child",), ring, done)
        return program

    return note


def must_not_tell(backends: Iterable[str] = tuple(BACKENDS)) -> Callable[[Program], Program]:
    """A program in which nobody may get an error; its children are all done in the end."""

    def note(program: Program) -> Program:
        MUST_NOT_TELL[program.__name__] = program, backends
        return program

    return note


# --- task groups of anyio ---------------------------------------------------------------------------------


@must_tell()
async def group(family: Family) -> None:
    """The end of the group is the parent's first await."""
    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def group_whose_body_awaits(family: Family) -> None:
    """The child waits for the lock already when the parent comes to the end of the group."""
    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", name="child")
            await settle()


@must_tell()
async def group_in_one_line(family: Family) -> None:
    """Lock and group in one `async with`."""
    async with family.mux, anyio.create_task_group() as tasks:  # holds
        tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def group_around_the_lock(family: Family) -> None:
    """The lock is taken inside the group and never given back in its body."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(family.want, "child", name="child")
        await family.mux.acquire()  # holds
    family.mux.release()


@must_tell()
async def group_under_a_deadline_around_everything(family: Family) -> None:
    """It would end what is held together with the wait: no excuse."""
    with anyio.fail_after(100.0):
        async with family.mux:  # holds
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def group_with_a_contended_lock(family: Family) -> None:
    """The lock was handed over before: by the child, to the parent."""

    async def child() -> None:
        async with family.mux:
            taken.set()
            await settle()
        await settle()
        await family.want("child")

    taken = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child, name="child")
        await taken.wait()
        await family.mux.acquire()  # holds
    family.mux.release()


@must_tell()
async def group_with_a_late_child(family: Family) -> None:
    """The child works for a while before it wants the lock; the parent has waited all the time."""

    async def child() -> None:
        await anyio.sleep(0.4)
        await family.want("child")

    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child, name="child")


@must_tell(done=("sibling",))
async def group_with_a_sibling_that_ends(family: Family) -> None:
    """Of two children one wants nothing: its end changes nothing."""
    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.sleep, "sibling", 0.1, name="sibling")
            tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def group_in_a_called_function(family: Family) -> None:
    """The join is some calls further down."""

    async def fork() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", name="child")

    async def call() -> None:
        await fork()

    async with family.mux:  # holds
        await call()


@must_tell()
async def group_behind_a_context_manager(family: Family) -> None:
    """The group is entered by a function of a library."""
    async with family.mux:  # holds
        async with opened_group() as tasks:
            tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def group_on_an_exit_stack(family: Family) -> None:
    """Lock and group are on one stack."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(family.mux)  # holds
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(family.want, "child", name="child")


@must_tell()
async def outer_group_after_an_inner_one(family: Family) -> None:
    """The child is in the outer of two groups; the inner one comes to its end first."""
    async with family.mux:  # holds
        async with anyio.create_task_group() as outer, anyio.create_task_group() as inner:
            outer.start_soon(family.want, "child", name="child")
            inner.start_soon(settle)


@must_tell()
async def shielded_child_of_a_cancelled_group(family: Family) -> None:
    """The group is cancelled, and waits for a child that can't be."""

    async def child() -> None:
        with anyio.CancelScope(shield=True):
            await family.want("child")

    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child, name="child")
            await settle()
            tasks.cancel_scope.cancel()


# --- more than two generations, more than one lock --------------------------------------------------------


@must_tell("grandchild", ring=("parent", "child", "grandchild"))
async def grandchild(family: Family) -> None:
    """The parent waits for a child that waits for its own child."""

    async def child() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "grandchild", name="grandchild")

    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child, name="child")


@must_tell("generation 9", ring=("parent", *(f"generation {number}" for number in range(10))))
async def ten_generations(family: Family) -> None:
    """Each waits for its only child; the last one wants the lock."""

    async def live(number: int) -> None:
        if number == 9:
            await family.want("generation 9")
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live, number + 1, name=f"generation {number + 1}")

    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live, 0, name="generation 0")


@must_tell("child", "stranger", ring=("parent", "child", "stranger"))
async def join_and_two_locks(family: Family) -> None:
    """The child wants what a stranger holds, who wants what the parent holds."""
    other = Mutex("other")

    async def stranger() -> None:
        async with other:
            await settle()
            await family.want("stranger")

    async def child() -> None:
        await settle()
        await family.want("child", other)

    async with anyio.create_task_group() as neighbours:
        async with family.mux:  # holds
            neighbours.start_soon(stranger, name="stranger")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(child, name="child")


@must_tell(
    "child",
    "other child",
    ring=("parent", "child", "other parent", "other child"),
)
async def two_families(family: Family) -> None:
    """Each of two parents holds what the other one's child wants."""
    other = Mutex("other")

    async def other_parent() -> None:
        async with other:
            await settle()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "other child", name="other child")

    async with anyio.create_task_group() as neighbours:
        async with family.mux:  # holds
            neighbours.start_soon(other_parent, name="other parent")
            await settle()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", other, name="child")


@must_tell("child", ring=("parent", "child"), done=("bystander",))
async def child_behind_a_bystander(family: Family) -> None:
    """Somebody outside was first in the queue; they get the lock in the end."""
    async with anyio.create_task_group() as neighbours:
        async with family.mux:  # holds
            neighbours.start_soon(family.want, "bystander", name="bystander")
            await settle()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", name="child")


# --- other kinds of locks ---------------------------------------------------------------------------------


@must_tell()
async def reader_whose_child_writes(family: Family) -> None:
    """The child waits until all readers have left, the parent among them."""
    book = RWMutex("book")
    async with book.reader:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", book.writer, name="child")


@must_tell("child", "writer", ring=("parent", "writer", "child"))
async def reader_whose_child_reads_behind_a_writer(family: Family) -> None:
    """A new reader queues behind a waiting writer, so it waits for those who read."""
    book = RWMutex("book")
    async with anyio.create_task_group() as neighbours:
        async with book.reader:  # holds
            neighbours.start_soon(family.want, "writer", book.writer, name="writer")
            await settle()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", book.reader, name="child")


@must_tell()
async def key(family: Family) -> None:
    """A key of a KeyedMutex."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")
    async with accounts["x"]:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", accounts["x"], name="child")


@must_tell()
async def guarded_value(family: Family) -> None:
    """A Guarded value."""
    hits = Guarded(0, name="hits")
    async with hits:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", hits, name="child")


class Using:
    """A call that waits, as something to enter by `async with`."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call

    async def __aenter__(self) -> None:
        await self.call()

    async def __aexit__(self, *error: object) -> None:
        pass


@must_tell()
async def update_whose_child_updates(family: Family) -> None:
    """A function under `update_key` that waits for a task that updates the same key."""
    stock = SharedMap({"tea": 1}, name="stock")

    async def add(value: int) -> int:
        return value + 1

    async def fork(value: int) -> int:
        async with anyio.create_task_group() as tasks:
            update = Using(partial(stock.update_key, "tea", add))
            tasks.start_soon(family.want, "child", update, name="child")
        return value + 10

    await stock.update_key("tea", fork)  # holds
    assert {"tea": 11} == stock.snapshot()


@must_tell()
async def factory_whose_child_wants_the_value(family: Family) -> None:
    """A factory that waits for a task that waits for the value."""
    cache: SharedMap[str, int] = SharedMap(name="cache")

    async def unused() -> int:
        return 0

    async def make() -> int:
        async with anyio.create_task_group() as tasks:
            creation = Using(partial(cache.get_or_create, "ann", unused))
            tasks.start_soon(family.want, "child", creation, name="child")
        return 1

    await cache.get_or_create("ann", make)  # holds
    assert {"ann": 1} == cache.snapshot()


# --- each loop's own joins --------------------------------------------------------------------------------


@must_tell(backends=TRIO_BACKENDS)
async def nursery(family: Family) -> None:
    """trio's own."""
    async with family.mux:  # holds
        async with trio.open_nursery() as tasks:
            tasks.start_soon(family.want, "child", name="child")


@must_tell(backends=TRIO_BACKENDS)
async def nursery_whose_body_awaits(family: Family) -> None:
    """The child waits already."""
    async with family.mux:  # holds
        async with trio.open_nursery() as tasks:
            tasks.start_soon(family.want, "child", name="child")
            await settle()


@must_tell(backends=ASYNCIO_BACKENDS)
async def task_group_of_asyncio(family: Family) -> None:
    """asyncio's own."""
    async with family.mux:  # holds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(family.want("child"), name="child")


@must_tell(backends=ASYNCIO_BACKENDS)
async def task_group_of_asyncio_whose_body_awaits(family: Family) -> None:
    """The child waits already."""
    async with family.mux:  # holds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(family.want("child"), name="child")
            await settle()


@must_tell(backends=ASYNCIO_BACKENDS, done=("sibling",))
async def gather(family: Family) -> None:
    """The parent waits for all."""
    async with family.mux:  # holds
        await asyncio.gather(
            asyncio.create_task(family.sleep("sibling", 0.1), name="sibling"),
            asyncio.create_task(family.want("child"), name="child"),
        )


@must_tell(backends=ASYNCIO_BACKENDS)
async def awaited_task(family: Family) -> None:
    """The parent awaits the task itself."""
    async with family.mux:  # holds
        await asyncio.create_task(family.want("child"), name="child")


@must_tell(backends=ASYNCIO_BACKENDS)
async def awaited_task_that_waits_already(family: Family) -> None:
    """The child stood in the queue before the parent awaited it."""
    async with family.mux:  # holds
        child = asyncio.create_task(family.want("child"), name="child")
        await settle()
        await child


@must_tell(backends=ASYNCIO_BACKENDS)
async def awaited_task_in_a_called_function(family: Family) -> None:
    """The await is some calls further down."""

    async def call(task: asyncio.Task[None]) -> None:
        await task

    async with family.mux:  # holds
        await call(asyncio.create_task(family.want("child"), name="child"))


@must_tell(backends=ASYNCIO_BACKENDS, done=("sibling",))
async def wait_for_all(family: Family) -> None:
    """`asyncio.wait` without a timeout."""
    async with family.mux:  # holds
        await asyncio.wait(
            [
                asyncio.create_task(family.want("child"), name="child"),
                asyncio.create_task(family.sleep("sibling", 0.1), name="sibling"),
            ]
        )


@must_tell("grandchild", ring=("parent", "child", "grandchild"), backends=ASYNCIO_BACKENDS)
async def mixed_generations(family: Family) -> None:
    """An anyio group, in it a task group of asyncio."""

    async def child() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(family.want("grandchild"), name="grandchild")

    async with family.mux:  # holds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child, name="child")


# --- what may not be told ---------------------------------------------------------------------------------


@must_not_tell()
async def body_that_lets_go(family: Family) -> None:
    """The parent stands in the body of the group, not at its end, and gives the lock back."""
    async with anyio.create_task_group() as tasks:
        async with family.mux:
            tasks.start_soon(family.want, "child", name="child")
            await family.sleep("parent")
    assert ["parent", "child"] == family.done


@must_not_tell()
async def end_of_an_inner_group(family: Family) -> None:
    """The parent waits for the inner group; who wants the lock is in the outer one."""
    async with anyio.create_task_group() as outer:
        outer.start_soon(family.want, "child", name="child")
        async with family.mux, anyio.create_task_group() as inner:
            inner.start_soon(family.sleep, "sleeper", name="sleeper")
    assert "sleeper" in family.done
    assert "child" in family.done


@must_not_tell(TRIO_BACKENDS)
async def end_of_an_inner_nursery(family: Family) -> None:
    """The same with trio's own."""
    async with trio.open_nursery() as outer:
        async with family.mux:
            outer.start_soon(family.want, "child", name="child")
            async with trio.open_nursery() as inner:
                inner.start_soon(family.sleep, "sleeper", name="sleeper")
    assert ["sleeper", "child"] == family.done


@must_not_tell(ASYNCIO_BACKENDS)
async def end_of_an_inner_task_group(family: Family) -> None:
    """The same with asyncio's own."""
    async with asyncio.TaskGroup() as outer:
        async with family.mux:
            outer.create_task(family.want("child"), name="child")
            async with asyncio.TaskGroup() as inner:
                inner.create_task(family.sleep("sleeper"), name="sleeper")
    assert ["sleeper", "child"] == family.done


@must_not_tell(ASYNCIO_BACKENDS)
async def other_task_awaited_in_the_body(family: Family) -> None:
    """The parent awaits a task that wants nothing, in the body of the group of the one that wants it."""
    async with asyncio.TaskGroup() as tasks:
        async with family.mux:
            tasks.create_task(family.want("child"), name="child")
            await asyncio.create_task(family.sleep("sleeper"), name="sleeper")
    assert ["sleeper", "child"] == family.done


@must_not_tell()
async def child_that_wants_nothing(family: Family) -> None:
    """Somebody else wants the lock meanwhile."""
    async with anyio.create_task_group() as neighbours:
        async with family.mux:
            neighbours.start_soon(family.want, "neighbour", name="neighbour")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.sleep, "child", name="child")
    assert ["child", "neighbour"] == family.done


@must_not_tell()
async def child_that_waits_for_a_sibling(family: Family) -> None:
    """The child wants a lock that another child holds for a while."""
    other = Mutex("other")

    async def sibling() -> None:
        async with other:
            await family.sleep("sibling")

    async with family.mux, anyio.create_task_group() as tasks:
        tasks.start_soon(sibling, name="sibling")
        await settle()
        tasks.start_soon(family.want, "child", other, name="child")
    assert ["sibling", "child"] == family.done


@must_not_tell()
async def child_that_wants_another_key(family: Family) -> None:
    """The parent holds one key, a neighbour another one for a while."""
    accounts: KeyedMutex[str] = KeyedMutex("accounts")

    async def neighbour() -> None:
        async with accounts["y"]:
            await family.sleep("neighbour")

    async with anyio.create_task_group() as neighbours:
        neighbours.start_soon(neighbour, name="neighbour")
        await settle()
        async with accounts["x"], anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", accounts["y"], name="child")
    assert ["neighbour", "child"] == family.done


@must_not_tell()
async def readers_that_wait_for_each_other(family: Family) -> None:
    """Reading children of a reading parent get in while no writer waits."""
    book = RWMutex("book")

    async def child() -> None:
        async with book.reader:
            await family.sleep("child")

    async with book.reader, anyio.create_task_group() as tasks:
        tasks.start_soon(child, name="child")
    assert ["child"] == family.done


@must_not_tell()
async def child_that_tries_again_and_again(family: Family) -> None:
    """`try_acquire` waits for nothing."""

    async def child() -> None:
        end = time.perf_counter() + ASLEEP
        while time.perf_counter() < end:
            assert not family.mux.try_acquire()
            await anyio.sleep(0.05)
        family.done.append("child")

    async with family.mux, anyio.create_task_group() as tasks:
        tasks.start_soon(child, name="child")
    assert ["child"] == family.done


@must_not_tell()
async def time_limit_around_the_join(family: Family) -> None:
    """It ends the children, and the parent still holds the lock."""
    async with family.mux:
        with anyio.move_on_after(ASLEEP) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", name="child")
        assert scope.cancelled_caught
        assert family.mux.held()


@must_not_tell()
async def failing_time_limit_around_the_join(family: Family) -> None:
    """The same with an error in the end."""
    async with family.mux:
        with pytest.raises(TimeoutError), anyio.fail_after(ASLEEP):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "child", name="child")
                await settle()


@must_not_tell(TRIO_BACKENDS)
async def time_limit_of_trio_around_the_join(family: Family) -> None:
    """trio's own scope."""
    async with family.mux:
        with trio.move_on_after(ASLEEP) as scope:
            async with trio.open_nursery() as tasks:
                tasks.start_soon(family.want, "child", name="child")
        assert scope.cancelled_caught


@must_not_tell()
async def deadline_of_the_group(family: Family) -> None:
    """A deadline set on the group's own scope."""
    async with family.mux:
        async with anyio.create_task_group() as tasks:
            tasks.cancel_scope.deadline = anyio.current_time() + ASLEEP
            tasks.start_soon(family.want, "child", name="child")
        assert tasks.cancel_scope.cancelled_caught


@must_not_tell()
async def time_limit_in_the_child(family: Family) -> None:
    """The child gives up by itself."""

    async def child() -> None:
        with anyio.move_on_after(ASLEEP) as scope:
            await family.want("child")
        family.done.append(f"gave up: {scope.cancelled_caught}")

    async with family.mux, anyio.create_task_group() as tasks:
        tasks.start_soon(child, name="child")
    assert ["gave up: True"] == family.done


@must_not_tell()
async def time_limit_in_the_generation_between(family: Family) -> None:
    """The child gives up waiting for the grandchild."""

    async def child() -> None:
        with anyio.move_on_after(ASLEEP) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(family.want, "grandchild", name="grandchild")
        family.done.append(f"gave up: {scope.cancelled_caught}")

    async with family.mux, anyio.create_task_group() as tasks:
        tasks.start_soon(child, name="child")
    assert ["gave up: True"] == family.done


@must_not_tell(ASYNCIO_BACKENDS)
async def wait_for_with_a_timeout(family: Family) -> None:
    """`asyncio.wait_for` gives the child up."""
    async with family.mux:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.create_task(family.want("child"), name="child"), ASLEEP)


@must_not_tell(ASYNCIO_BACKENDS)
async def wait_for_a_coroutine_with_a_timeout(family: Family) -> None:
    """What it runs has a group of its own; on Python 3.11 it is a task, later it is part of the parent."""

    async def join() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(family.want("child"), name="child")

    async with family.mux:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(join(), ASLEEP)


@must_not_tell(ASYNCIO_BACKENDS)
async def wait_with_a_timeout(family: Family) -> None:
    """`asyncio.wait` goes on without the child, which gets the lock later."""
    async with family.mux:
        child = asyncio.create_task(family.want("child"), name="child")
        done, pending = await asyncio.wait([child], timeout=ASLEEP)
    await child
    assert (set(), {child}) == (done, pending)
    assert ["child"] == family.done


@must_not_tell(ASYNCIO_BACKENDS)
async def wait_for_the_first(family: Family) -> None:
    """The first of several to be done is enough, and one of them will be."""
    async with family.mux:
        child = asyncio.create_task(family.want("child"), name="child")
        sleeper = asyncio.create_task(family.sleep("sleeper"), name="sleeper")
        await asyncio.wait([child, sleeper], return_when=asyncio.FIRST_COMPLETED)
    await child
    assert ["sleeper", "child"] == family.done


@must_not_tell(ASYNCIO_BACKENDS)
async def future_instead_of_a_task(family: Family) -> None:
    """The parent awaits a future that a timer fulfils, while a task wants the lock."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    async with family.mux:
        child = asyncio.create_task(family.want("child"), name="child")
        loop.call_later(ASLEEP, future.set_result, None)
        await future
    await child
    assert ["child"] == family.done


@must_not_tell()
async def lock_that_may_wait(family: Family) -> None:
    """`deadlock="wait"`: nothing is looked for; the time limit around everything works."""
    patient = Mutex("patient", deadlock="wait")
    with anyio.move_on_after(ASLEEP) as scope:
        async with patient, anyio.create_task_group() as tasks:
            tasks.start_soon(family.want, "child", patient, name="child")
    assert scope.cancelled_caught
    assert not patient.locked()


@must_not_tell()
async def lock_that_was_given_back(family: Family) -> None:
    """The parent held it, and waits in the group's end without it."""

    async def child() -> None:
        await family.want("child")
        await family.sleep("child")

    async with anyio.create_task_group() as tasks:
        async with family.mux:
            tasks.start_soon(child, name="child")
            await settle()
    assert ["child", "child"] == family.done


@must_not_tell()
async def families_at_random(family: Family) -> None:
    """Locks are taken from the first to the last, down the generations too: no ring can close."""
    locks = [Mutex(f"lock {number}") for number in range(6)]
    choose = random.Random(family.seed)
    alive = 0

    async def live(lowest: int, generation: int) -> None:
        nonlocal alive
        alive += 1
        await anyio.sleep(choose.random() / 20)
        if lowest == len(locks) or generation == 4:
            return
        chosen = choose.randrange(lowest, len(locks))
        async with locks[chosen]:
            await anyio.sleep(choose.random() / 20)
            async with anyio.create_task_group() as tasks:
                for _ in range(choose.randrange(3)):
                    tasks.start_soon(live, chosen + 1, generation + 1)

    end = time.perf_counter() + ASLEEP
    while time.perf_counter() < end or alive < 30:
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(live, 0, 0)
    assert not any(lock.locked() for lock in locks)


# --- the tests --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def families() -> Iterator[dict[str, dict[str, Family]]]:
    """Run all programs, and the simplest also alone in its loop."""
    told = [(expected.program, expected.backends) for expected in MUST_TELL.values()]
    programs = [*told, *MUST_NOT_TELL.values()]
    with alarm(60.0):
        yield run_everywhere(
            {
                backend: [program for program, backends in programs if backend in backends]
                for backend in BACKENDS
            }
        )


def cases(backends_of: dict[str, Iterable[str]]) -> pytest.MarkDecorator:
    """Give each program once for each of its backends."""
    pairs = [(backend, name) for name, backends in backends_of.items() for backend in backends]
    return pytest.mark.parametrize(("backend", "name"), pairs, ids=[f"{n}-{b}" for b, n in pairs])


@cases({name: expected.backends for name, expected in MUST_TELL.items()})
def test_a_ring_through_a_join_is_told(
    backend: str, name: str, families: dict[str, dict[str, Family]]
) -> None:
    """One task is told, in about a second; all the others come through."""
    family, expected = families[backend][name], MUST_TELL[name]

    assert "" == family.broken
    [told] = family.told
    assert told in expected.tellable
    # It is less than that alone, see below; here hundreds of tasks in four threads share the machine.
    assert family.waited[told] < 3.0
    spared = [other for other in expected.tellable if other != told]
    assert sorted([*spared, *expected.done]) == sorted(family.done)
    assert not family.mux.locked()


@pytest.mark.parametrize("backend", BACKENDS)
def test_alone_it_takes_less_than_a_second(backend: str) -> None:
    """From the moment the child begins to wait."""
    with alarm():
        families = run_everywhere({backend: [group_whose_body_awaits]})
    family = families[backend]["group_whose_body_awaits"]

    assert "" == family.broken
    assert family.waited["child"] < 1.0


@cases({name: expected.backends for name, expected in MUST_TELL.items()})
def test_the_report_of_a_ring_through_a_join(
    backend: str, name: str, families: dict[str, dict[str, Family]]
) -> None:
    """It names all the tasks of the ring, where the parent took the lock, and where the child wants it."""
    family, expected = families[backend][name], MUST_TELL[name]
    [(told, error)] = family.told.items()

    check_headline(error, len(expected.ring))
    assert all(paragraph(error, task) for task in expected.ring)
    assert is_since(paragraph(error, "parent"), place(expected.program, "holds"))
    text, wants = paragraph(error, told), place(Family.want, "wants")
    # Where the want is a call in `Using`, the line stands among those that called it.
    assert is_wanted(text, wants) or is_called(text, wants)


@cases({name: backends for name, (_, backends) in MUST_NOT_TELL.items()})
def test_no_ring_no_error(backend: str, name: str, families: dict[str, dict[str, Family]]) -> None:
    """Nobody is told anything, and the program does what it would do without anymutex."""
    family = families[backend][name]

    assert "" == family.broken
    assert {} == family.told
    assert not family.mux.locked()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_program_has_run(backend: str, families: dict[str, dict[str, Family]]) -> None:
    """None of them is left out by a slip of this file."""
    assert len(families[backend]) > 30
