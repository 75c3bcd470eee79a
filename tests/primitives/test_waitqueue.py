"""The queue in front of every lock: strict FIFO, leaving at any place, and waking that never raises."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio
import uvloop
from turns import BACKENDS, native_task, run_on, settle

from anymutex import tasks
from anymutex.primitives.waitqueue import TrioTicket, WaitQueue, ticket_maker, wake

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from anymutex.waits import Ticket


def new_queue() -> WaitQueue:
    """Make a queue for the tasks of this run."""
    return WaitQueue(tasks.current_run())


def join(queue: WaitQueue) -> Ticket:
    """Draw a ticket, as a lock does."""
    ticket = queue.draw()
    queue.waiting.append((ticket, native_task()))
    return ticket


def wake_first(queue: WaitQueue) -> Ticket | None:
    """Wake the first who still waits, as a lock does."""
    while queue.waiting:
        ticket, _ = queue.waiting.popleft()
        if not ticket.done():
            wake(ticket)
            return ticket
    return None


async def wait_in(queue: WaitQueue, who: int, order: list[int]) -> None:
    """Join the queue, and note when the turn has come; leave it like a lock's waiter."""
    ticket = join(queue)
    try:
        await ticket
    except BaseException:
        queue.leave(ticket)
        raise
    order.append(who)


# --- tickets ---------------------------------------------------------------------------------------------

RESULTS: dict[str, object] = {"none": None, "error": ValueError("told")}


@pytest.mark.parametrize("name", RESULTS)
async def test_a_ticket_gives_what_it_was_woken_with(name: str) -> None:
    """An error is given, not raised: the waiter raises it."""
    seen: list[object] = []
    queue = new_queue()

    async def waiter() -> None:
        seen.append(await join(queue))

    async with anyio.create_task_group() as group:
        group.start_soon(waiter)
        await settle()
        ticket, task = queue.waiting[0]
        assert not ticket.done()
        wake(ticket, RESULTS[name])

        assert ticket.done()
        assert [] == seen
        assert native_task() is not task

    assert [RESULTS[name]] == seen


async def test_nobody_is_woken_twice() -> None:
    """The second call changes nothing, not even the result."""
    seen: list[object] = []
    queue = new_queue()

    async def waiter() -> None:
        seen.append(await join(queue))
        await settle()

    async with anyio.create_task_group() as group:
        group.start_soon(waiter)
        await settle()
        ticket, _ = queue.waiting[0]
        wake(ticket)
        wake(ticket, ValueError("late"))
        await anyio.lowlevel.checkpoint()
        wake(ticket, ValueError("later"))

    assert [None] == seen


async def test_a_ticket_that_was_given_up_is_not_woken() -> None:
    """It is done, and its task is left alone."""
    ticket = new_queue().draw()
    ticket.cancel()
    wake(ticket)

    assert ticket.done()


async def test_a_cancelled_wait_is_done_before_its_task_has_run() -> None:
    """Whoever releases meanwhile must pass it over."""
    queue = new_queue()
    order: list[int] = []
    async with anyio.create_task_group() as group:
        group.start_soon(wait_in, queue, 1, order)
        await settle()
        ticket, _ = queue.waiting[0]
        group.cancel_scope.cancel()
        done_at_once = ticket.done()

    assert done_at_once
    assert [] == order


async def test_what_makes_tickets_is_the_backends_own() -> None:
    """A Future of the loop, or trio's own primitive."""
    run = tasks.current_run()
    ticket = ticket_maker(run)()
    expected = asyncio.Future if isinstance(run, asyncio.AbstractEventLoop) else TrioTicket

    assert isinstance(ticket, expected)
    ticket.cancel()


LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def left_in_closed_loop(name: str) -> tuple[WaitQueue, Generator[Any, Any, Any]]:
    """Give a queue and the `await` of its one ticket, after their loop was closed under them."""
    loop = LOOPS[name]()

    async def main() -> tuple[WaitQueue, Generator[Any, Any, Any]]:
        queue = new_queue()
        waiting = join(queue).__await__()
        next(waiting)
        queue.waiting[0][0].add_done_callback(lambda _: None)  # type: ignore[attr-defined]  # as a task does
        return queue, waiting

    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.mark.parametrize("name", LOOPS)
def test_waking_when_the_loop_is_closed_is_no_error(name: str) -> None:
    """Nobody is left to be woken."""
    queue, _ = left_in_closed_loop(name)
    ticket, _ = queue.waiting[0]
    wake(ticket)
    wake(ticket)

    assert ticket.done()


@pytest.mark.parametrize("name", LOOPS)
def test_leaving_when_the_loop_is_closed_is_no_error(name: str) -> None:
    """The collector closes the coroutines of a run that was broken off: that is no time for an error."""
    queue, _ = left_in_closed_loop(name)
    ticket, _ = queue.waiting[0]
    queue.leave(ticket)

    assert ticket.done()


def test_waking_when_trio_is_over_is_no_error() -> None:
    """The ticket of a run that has ended, woken where nothing runs."""

    async def main() -> Ticket:
        return TrioTicket()

    ticket = trio.run(main)
    wake(ticket)

    assert ticket.done()


# --- the order -------------------------------------------------------------------------------------------


async def test_who_came_first_is_woken_first() -> None:
    """Whatever else happens meanwhile."""
    queue = new_queue()
    order: list[int] = []
    async with anyio.create_task_group() as group:
        for who in range(20):
            group.start_soon(wait_in, queue, who, order)
            await settle()
        assert 20 == len(queue)
        while wake_first(queue):
            await anyio.lowlevel.checkpoint()

    assert list(range(20)) == order
    assert 0 == len(queue)


LEAVERS: dict[str, Callable[[int], bool]] = {
    "first": lambda who: who == 0,
    "second": lambda who: who == 1,
    "middle": lambda who: who == 20,
    "last": lambda who: who == 39,
    "even": lambda who: who % 2 == 0,
    "first half": lambda who: who < 20,
    "last half": lambda who: who >= 20,
    "all but one": lambda who: who != 17,
    "all": lambda _who: True,
    "none": lambda _who: False,
}


@pytest.mark.parametrize("name", LEAVERS)
async def test_leaving_keeps_the_order_of_the_others(name: str) -> None:
    """Cancelled at any place of the queue."""
    leaves = LEAVERS[name]
    queue = new_queue()
    order: list[int] = []
    scopes = [anyio.CancelScope() for _ in range(40)]

    async def waiter(who: int) -> None:
        with scopes[who]:
            await wait_in(queue, who, order)

    async with anyio.create_task_group() as group:
        for who in range(40):
            group.start_soon(waiter, who)
            await anyio.lowlevel.checkpoint()
        await settle()
        for who in filter(leaves, range(40)):
            scopes[who].cancel()
        await settle()
        expected = [who for who in range(40) if not leaves(who)]

        assert len(expected) == len(queue)
        while wake_first(queue):
            await anyio.lowlevel.checkpoint()

    assert expected == order


async def test_a_leaver_whose_turn_it_was_is_passed_over() -> None:
    """Cancelled and not run since: the lock goes to the next."""
    queue = new_queue()
    order: list[int] = []
    scopes = [anyio.CancelScope() for _ in range(3)]

    async def waiter(who: int) -> None:
        with scopes[who]:
            await wait_in(queue, who, order)

    async with anyio.create_task_group() as group:
        for who in range(3):
            group.start_soon(waiter, who)
            await settle()
        tickets = [ticket for ticket, _ in queue.waiting]
        queue.leave(tickets[0])

        assert tickets[1] is wake_first(queue)
        scopes[0].cancel()
        scopes[2].cancel()

    assert [1] == order


# --- leaving costs the same at any place -----------------------------------------------------------------


async def test_many_leavers_are_swept_out() -> None:
    """What a lock holds for them does not grow with the time-outs of a day."""
    queue = new_queue()
    stays = join(queue)
    largest = 0
    for _ in range(1000):
        queue.leave(join(queue))
        largest = max(largest, len(queue.waiting))

    assert largest <= 2 * 17
    assert (stays, 1) == (queue.waiting[0][0], len(queue))
    queue.leave(stays)


async def test_sweeps_are_rare() -> None:
    """A sweep is paid for by those who have left: each walks over at most twice their number."""
    queue = new_queue()
    tickets = [join(queue) for _ in range(1000)]
    random.Random(1).shuffle(tickets)
    sweeps, walked = 0, 0
    for ticket in tickets:
        before = queue.waiting
        queue.leave(ticket)
        if queue.waiting is not before:
            sweeps += 1
            walked += len(before)

    assert sweeps <= 10
    assert walked <= 2 * len(tickets)
    assert 0 == len(queue)


async def test_leaving_twice_is_no_error() -> None:
    """A ticket that is out already may be given up too."""
    queue = new_queue()
    ticket = join(queue)
    assert ticket is queue.waiting[0][0]
    queue.waiting.clear()
    queue.leave(ticket)
    queue.leave(ticket)

    assert 0 == len(queue)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(5))
def test_any_mixture_of_coming_leaving_and_waking(backend: str, seed: int) -> None:
    """Against a plain list."""

    async def main() -> None:
        dice = random.Random(seed)
        queue = new_queue()
        model: list[Ticket] = []
        for _ in range(500):
            choice = dice.random()
            if choice < 0.5 or not model:
                model.append(join(queue))
            elif choice < 0.8:
                queue.leave(model.pop(dice.randrange(len(model))))
            else:
                first = next(ticket for ticket, _ in queue.waiting if not ticket.done())
                assert model.pop(0) is first
                queue.leave(first)

            assert len(model) == len(queue)
            assert model == [ticket for ticket, _ in queue.waiting if not ticket.done()]
        for ticket in model:
            queue.leave(ticket)

    run_on(BACKENDS[backend], main)
