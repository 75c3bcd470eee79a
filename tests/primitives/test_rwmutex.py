"""`RWMutex`: who reads and who writes, in which order they are let in, and what is refused.

What its two sides share with all locks is in `test_every_lock.py`.
"""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import copy
import pickle
import random
import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from turns import ASYNCIO_BACKENDS, BACKENDS, place, run_on, settle

from anymutex import ConflictError, DeadlockError, Mutex, OwnerEndedError, RWMutex, SharedMap, waits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import TaskGroup

    Side: TypeAlias = Any  # one of the two lock-likes

on_asyncio = pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)


def side_of(rw: RWMutex, letter: str) -> Side:
    """`r` is for the reader's side, `w` for the writer's."""
    return {"r": rw.reader, "w": rw.writer}[letter]


class Crowd:
    """Tasks that come to one RWMutex and leave when they are told; `r1` is a reader, `w1` a writer.

    Args:
        rw: The lock.
        group: Where the tasks are started.
    """

    def __init__(self, rw: RWMutex, group: TaskGroup) -> None:
        self._rw = rw
        self._group = group
        self._inside: set[str] = set()
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._orders: dict[str, anyio.Event] = {}
        self._order: dict[str, str] = {}

    @property
    def inside(self) -> str:
        """Who has got what they came for: the order in a batch is that of the loop, and left open."""
        return " ".join(sorted(self._inside))

    async def come(self, name: str) -> None:
        """Let a task of this name come."""
        self._group.start_soon(self._visit, name, name=name)
        await settle()

    async def order(self, what: str, name: str) -> None:
        """Let a task that is inside do something: "leave" or "downgrade"."""
        self._order[name] = what
        self._orders[name].set()
        await settle()

    async def cancel(self, name: str) -> None:
        """Cancel a task, wherever it stands."""
        self._scopes[name].cancel()
        await settle()

    async def _visit(self, name: str) -> None:
        with anyio.CancelScope() as self._scopes[name]:
            async with side_of(self._rw, name[0]):
                self._inside.add(name)
                try:
                    while await self._next_order(name) == "downgrade":
                        self._rw.downgrade()
                finally:
                    self._inside.discard(name)

    async def _next_order(self, name: str) -> str:
        event = self._orders[name] = anyio.Event()
        await event.wait()
        return self._order[name]


@asynccontextmanager
async def crowd_at(rw: RWMutex) -> AsyncIterator[Crowd]:
    """A crowd that is sent home in the end."""
    async with anyio.create_task_group() as group:
        yield Crowd(rw, group)
        group.cancel_scope.cancel()


def is_free(rw: RWMutex) -> bool:
    """Whether nobody has either side or waits for it, and it can be had."""
    rw.writer.acquire_nowait()
    rw.writer.release()
    waiting = [side.statistics().tasks_waiting for side in (rw.reader, rw.writer)]
    return not rw.reader.locked() and not rw.writer.locked() and waiting == [0, 0]


# --- the order of admission -------------------------------------------------------------------------------

# Each step of a story: who comes (+), leaves (-), is cancelled (x) or downgrades (d): and who is inside then.
STORIES = {
    "readers share": "+r1: r1; +r2: r1 r2; -r1: r2; +r3: r2 r3; -r2: r3",
    "a writer is alone": "+w1: w1; +r1: w1; +w2: w1; -w1: r1; -r1: w2",
    "a writer waits for every reader": "+r1: r1; +r2: r1 r2; +w1: r1 r2; -r1: r2; -r2: w1",
    "new readers queue behind a waiting writer": "+r1: r1; +w1: r1; +r2: r1; +r3: r1; -r1: w1; -w1: r2 r3",
    "writers come first in, first out": "+w1: w1; +w2: w1; +w3: w1; -w1: w2; +w4: w2; -w2: w3; -w3: w4",
    "all readers queued at the end of a write enter together, before the next writer": (
        "+w1: w1; +r1: w1; +w2: w1; +r2: w1; +w3: w1; +r3: w1; -w1: r1 r2 r3; -r2: r1 r3; -r1: r3; "
        "-r3: w2; -w2: w3"
    ),
    "readers that come in a phase of readers wait for one writer and not for two": (
        "+w1: w1; +r1: w1; +w2: w1; +w3: w1; -w1: r1; +r2: r1; -r1: w2; +r3: w2; -w2: r2 r3; "
        "+r4: r2 r3; -r2: r3; -r3: w3; -w3: r4"
    ),
    "a cancelled waiting writer frees the readers behind it": (
        "+r1: r1; +w1: r1; +r2: r1; +r3: r1; xw1: r1 r2 r3"
    ),
    "not while another writer waits": "+r1: r1; +w1: r1; +w2: r1; +r2: r1; xw1: r1; -r1: w2; -w2: r2",
    "not while a writer waits that came earlier": "+r1: r1; +w1: r1; +w2: r1; +r2: r1; xw2: r1; xw1: r1 r2",
    "not while a writer writes": "+w1: w1; +w2: w1; +r1: w1; xw2: w1; -w1: r1",
    "a cancelled waiting reader lets nobody in": "+w1: w1; +r1: w1; +w2: w1; xr1: w1; -w1: w2",
    "the last reader is cancelled in its block": "+r1: r1; +r2: r1 r2; +w1: r1 r2; xr1: r2; xr2: w1",
    "the writer is cancelled in its block": "+w1: w1; +w2: w1; +r1: w1; xw1: r1; xr1: w2",
    "a downgrade lets the queued readers in, and no writer": (
        "+w1: w1; +w2: w1; +r1: w1; +r2: w1; dw1: r1 r2 w1; -r1: r2 w1; -w1: r2; -r2: w2"
    ),
    "readers that come after a downgrade enter, as no writer waits": (
        "+w1: w1; dw1: w1; +r1: r1 w1; -w1: r1; -r1: -"
    ),
    "readers that come after a downgrade queue behind the writer that waits": (
        "+w1: w1; +w2: w1; dw1: w1; +r1: w1; -w1: w2; -w2: r1"
    ),
    "who downgraded is cancelled": "+w1: w1; +w2: w1; dw1: w1; xw1: w2",
    "a cancelled waiting writer after a downgrade": "+w1: w1; +w2: w1; dw1: w1; +r1: w1; xw2: r1 w1",
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_who_is_inside_after_each_step(story: str) -> None:
    """Phase-fair: the exact order of admission, step by step."""
    rw = RWMutex()
    told: list[str] = []
    async with crowd_at(rw) as crowd:
        acts: dict[str, Callable[[str], Awaitable[None]]] = {
            "+": crowd.come,
            "x": crowd.cancel,
            "-": partial(crowd.order, "leave"),
            "d": partial(crowd.order, "downgrade"),
        }
        for step in re.findall(r"(\S+):", story):
            await acts[step[0]](step[1:])
            told.append(f"{step}: {crowd.inside or '-'}")

    assert story == "; ".join(told)
    assert is_free(rw)


async def stream(side: Side, log: list[str], entry: str, stop: list[bool], stay: int) -> None:
    """Take the side again and again, for `stay` turns each time."""
    while not stop:
        async with side:
            log.append(entry)
            for _ in range(stay):
                await anyio.lowlevel.checkpoint()


async def test_a_writer_is_not_starved_by_a_stream_of_readers() -> None:
    """Once it waits, no reader enters before it, however the readers overlap."""
    rw = RWMutex()
    log: list[str] = []
    stop: list[bool] = []
    busy: list[bool] = []
    async with anyio.create_task_group() as group:
        for stay in (2, 3, 5):
            group.start_soon(stream, rw.reader, log, "read", stop, stay)
        await settle()
        for _ in range(5):
            busy.append(rw.reader.locked())
            log.append("wanted")
            async with rw.writer:
                log.append("write")
                await anyio.lowlevel.checkpoint()
            await settle()
        stop.append(True)

    wanted = [number for number, entry in enumerate(log) if entry == "wanted"]
    assert any(busy)
    assert ["write"] * 5 == [log[number + 1] for number in wanted]
    assert log.count("read") > 20


async def test_a_reader_is_not_starved_by_a_stream_of_writers() -> None:
    """It waits for the one writer that is inside, and not for those that queue."""
    rw = RWMutex()
    log: list[str] = []
    stop: list[bool] = []
    busy: list[bool] = []
    async with anyio.create_task_group() as group:
        for stay in (2, 3, 5):
            group.start_soon(stream, rw.writer, log, "write", stop, stay)
        await settle()
        for _ in range(5):
            busy.append(rw.writer.locked())
            log.append("wanted")
            async with rw.reader:
                log.append("read")
                await anyio.lowlevel.checkpoint()
            await settle()
        stop.append(True)

    wanted = [number for number, entry in enumerate(log) if entry == "wanted"]
    between = [log[number + 1 :].index("read") for number in wanted]
    assert any(busy)
    # At most one: a writer that was let in already, and has not run since.
    assert all(count <= 1 for count in between), between
    assert log.count("write") > 20


async def test_two_steady_streams_take_turns() -> None:
    """With readers and writers always waiting, one write and one read of all readers alternate."""
    rw = RWMutex()
    log: list[str] = []
    stop: list[bool] = []
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(stream, rw.writer, log, "w", stop, 1)
            group.start_soon(stream, rw.reader, log, "r", stop, 1)
        while len(log) < 100:
            await anyio.lowlevel.checkpoint()
        stop.append(True)

    assert "".join(log[10:100]) in "wrrr" * 30


async def test_a_random_crowd_never_meets_a_writer_and_comes_to_its_end() -> None:
    """Readers, writers, downgrades and cancels without a plan: a writer is alone, and nobody is lost."""
    rw = RWMutex()
    dice = random.Random(3)
    inside = {"r": 0, "w": 0}
    broken: list[dict[str, int]] = []
    ended: list[int] = []

    async def turns() -> None:
        for _ in range(dice.randrange(4)):
            await anyio.lowlevel.checkpoint()
            if inside["w"] > 1 or (inside["w"] and inside["r"]):
                broken.append(inside.copy())

    async def visit(scope: anyio.CancelScope) -> None:
        letter = dice.choice("rrw")
        async with side_of(rw, letter):
            inside[letter] += 1
            try:
                await turns()
                if letter == "w" and dice.random() < 0.5:
                    rw.downgrade()
                    inside["w"] -= 1
                    letter = "r"
                    inside["r"] += 1
                    await turns()
                if dice.random() < 0.2:
                    scope.cancel()
                await turns()
            finally:
                inside[letter] -= 1

    async def guest(number: int) -> None:
        for _ in range(8):
            with anyio.CancelScope() as scope:
                scopes[number] = scope
                await visit(scope)
            scopes[dice.randrange(12)].cancel()
            await turns()
        ended.append(number)

    scopes = [anyio.CancelScope() for _ in range(12)]
    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(guest, number)

    assert [] == broken
    assert list(range(12)) == sorted(ended)
    assert is_free(rw)


# --- leaving ----------------------------------------------------------------------------------------------


async def test_a_reader_cancelled_while_leaving_is_counted_out() -> None:
    """The cancellation that comes in the last step of the block can not keep the reader inside."""
    rw = RWMutex()
    async with crowd_at(rw) as crowd:
        with anyio.CancelScope() as scope:
            async with rw.reader:
                await crowd.come("w1")
                scope.cancel()
        assert not rw.reader.held()
        await settle()
        seen = crowd.inside

    assert "w1" == seen
    assert is_free(rw)


@on_asyncio
async def test_a_reader_cancelled_natively_while_leaving_is_counted_out() -> None:
    """The same by asyncio's own `Task.cancel`."""
    rw = RWMutex()

    async def leave() -> None:
        task = asyncio.current_task()
        assert task is not None
        async with rw.reader:
            await settle()
            task.cancel()
        await anyio.sleep_forever()

    async with crowd_at(rw) as crowd:
        leaving = asyncio.create_task(leave())
        await anyio.lowlevel.checkpoint()
        await crowd.come("w1")
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await settle()
        seen = crowd.inside

    assert "w1" == seen
    assert is_free(rw)


@pytest.mark.parametrize("letter", ["r", "w"])
async def test_an_admitted_task_that_is_cancelled_before_it_runs_passes_it_on(letter: str) -> None:
    """Admission and cancellation in one step: the next phase begins."""
    rw = RWMutex()
    async with crowd_at(rw) as crowd:
        async with rw.writer:
            await crowd.come(f"{letter}1")
            await crowd.come("w2")
        await crowd.cancel(f"{letter}1")
        await settle()
        seen = crowd.inside

    assert "w2" == seen
    assert is_free(rw)


@on_asyncio
async def test_a_writer_admitted_and_cancelled_before_it_runs_was_no_write() -> None:
    """The readers behind the next writer go on waiting for that one, as if the first had never come."""
    rw = RWMutex()
    seen: list[str] = []
    async with crowd_at(rw) as crowd:
        async with rw.reader:
            victim = asyncio.create_task(rw.writer.acquire())
            await settle()
            await crowd.come("r1")
            await crowd.come("w1")
        victim.cancel()  # natively: a scope only cancels who still waits
        await settle()
        seen.append(crowd.inside)
        await crowd.order("leave", crowd.inside)
        seen.append(crowd.inside)

    assert victim.cancelled()
    assert ["w1", "r1"] == seen
    assert is_free(rw)


# --- recursion, upgrade, downgrade ------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [2, 3])
async def test_a_read_within_a_read_is_counted(depth: int) -> None:
    """It must be given back as often as it was taken, before a writer gets in."""
    rw = RWMutex()
    async with crowd_at(rw) as crowd:
        for _ in range(depth):
            await rw.reader.acquire()
        await crowd.come("w1")
        seen: list[tuple[bool, str]] = []
        for _ in range(depth):
            seen.append((rw.reader.held(), crowd.inside))
            rw.reader.release()
            await settle()
        seen.append((rw.reader.held(), crowd.inside))
        with pytest.raises(RuntimeError):
            rw.reader.release()

    assert [(True, "")] * depth + [(False, "w1")] == seen


async def test_a_read_within_a_read_counts_as_one_reader() -> None:
    """It does not make the task two: `statistics` still knows the owner."""
    rw = RWMutex()
    me = anyio.get_current_task()
    async with rw.reader, rw.reader:
        one = rw.reader.statistics()
        async with crowd_at(rw) as crowd:
            await crowd.come("r1")
            two = rw.reader.statistics()

    assert anyio.LockStatistics(True, me, 0) == one
    assert anyio.LockStatistics(True, None, 0) == two


# What the task itself does (r, w: takes a side; d: downgrades) and who comes (+), in this order; then what it
# gets to hear from `acquire_nowait` of the reader and of the writer.
SITUATIONS: dict[str, tuple[list[str], str, str]] = {
    "free": ([], "takes", "takes"),
    "another reads": (["+r1"], "takes", "would block"),
    "another writes": (["+w1"], "would block", "would block"),
    "another reads, a writer waits": (["+r1", "+w1"], "would block", "would block"),
    "I read": (["r"], "takes", "deadlock"),
    "I read beside another": (["+r1", "r"], "takes", "deadlock"),
    "I read, a writer waits": (["r", "+w1"], "deadlock", "deadlock"),
    "I write": (["w"], "deadlock", "deadlock"),
    "I write, others wait": (["w", "+r1", "+w1"], "deadlock", "deadlock"),
    "I have downgraded": (["w", "d"], "takes", "deadlock"),
    "I have downgraded beside a reader that waited": (["w", "+r1", "d"], "takes", "deadlock"),
    "I have downgraded, a writer waits": (["w", "+w1", "d"], "deadlock", "deadlock"),
}


async def go_through(steps: list[str], rw: RWMutex, crowd: Crowd) -> None:
    """Bring about a situation, for the running task."""
    mine = {"r": rw.reader.acquire_nowait, "w": rw.writer.acquire_nowait, "d": rw.downgrade}
    for step in steps:
        if step in mine:
            mine[step]()
            await settle()
        else:
            await crowd.come(step.removeprefix("+"))


def give_back(rw: RWMutex) -> None:
    """Release what the running task holds."""
    for side in (rw.reader, rw.writer):
        if side.held():
            side.release()


def answer_of(side: Side) -> str:
    """Ask a side for itself, and give it back."""
    try:
        side.acquire_nowait()
    except anyio.WouldBlock:
        return "would block"
    except DeadlockError:
        return "deadlock"
    side.release()
    return "takes"


def answer_to_a_try(side: Side) -> str:
    """The same by `try_acquire`, which never raises for what is held."""
    if not side.try_acquire():
        return "refuses"
    side.release()
    return "takes"


async def test_what_the_sides_answer_at_once() -> None:
    """`acquire_nowait` and `try_acquire` know what `acquire` would do, and a refusal changes nothing."""
    answers: dict[str, tuple[list[str], str, str]] = {}
    for name, (steps, *expected) in SITUATIONS.items():
        rw = RWMutex()
        async with crowd_at(rw) as crowd:
            await go_through(steps, rw, crowd)
            before = crowd.inside, rw.reader.held(), rw.writer.held()
            answers[name] = steps, answer_of(rw.reader), answer_of(rw.writer)
            tries = [answer_to_a_try(rw.reader), answer_to_a_try(rw.writer)]
            assert ["takes" if answer == "takes" else "refuses" for answer in expected] == tries, name
            assert before == (crowd.inside, rw.reader.held(), rw.writer.held()), name
            give_back(rw)
        assert is_free(rw), name

    assert SITUATIONS == answers


async def want(rw: RWMutex, crowd: Crowd, steps: list[str], wanted: str, how: str) -> None:
    """Be in a situation and want what is hopeless in it."""
    try:
        await go_through(steps, rw, crowd)
        if how == "acquire":
            await side_of(rw, wanted).acquire()  # acquire
        elif how == "acquire_nowait":
            side_of(rw, wanted).acquire_nowait()  # acquire_nowait
        else:
            async with side_of(rw, wanted):  # async with
                pass
    finally:
        give_back(rw)


# The situation, what is wanted in it, the words of the error, and who is inside when the task has left.
HOPELESS: dict[str, tuple[list[str], str, list[str], str]] = {
    "upgrade": (["r"], "w", ["rw.reader", "rw.writer"], ""),
    "upgrade beside a reader": (["+r1", "r"], "w", ["rw.reader", "rw.writer"], "r1"),
    "upgrade before a writer that waits": (["r", "+w1", "+r1"], "w", ["rw.reader", "rw.writer"], "w1"),
    "read again before a writer that waits": (["r", "+w1", "+r1"], "r", ["rw.reader", "writer waits"], "w1"),
    "read while writing": (["w", "+w1", "+r1"], "r", ["rw.reader", "rw.writer", "rw.downgrade()"], "r1"),
    "write while writing": (["w", "+w1", "+r1"], "w", ["rw.writer"], "r1"),
    "upgrade after a downgrade": (["w", "d"], "w", ["rw.reader", "rw.writer"], ""),
}


@pytest.mark.parametrize("case", HOPELESS.values(), ids=HOPELESS)
async def test_what_a_task_can_not_add_to_what_it_holds(case: tuple[list[str], str, list[str], str]) -> None:
    """`DeadlockError` in plain words, however it is wanted; the others are let in as if nothing had been."""
    steps, wanted, words, after = case
    for how in ("acquire", "acquire_nowait", "async with"):
        rw = RWMutex("rw")
        async with crowd_at(rw) as crowd:
            with pytest.raises(DeadlockError) as caught:
                await want(rw, crowd, steps, wanted, how)
            await settle()
            inside = crowd.inside
        text = str(caught.value)

        assert [] == [word for word in (*words, place(want, how)) if word not in text]
        assert after == inside
        assert is_free(rw)


async def hold_and_want(rw: RWMutex) -> None:
    """Upgrade."""
    async with rw.reader:  # taken
        await rw.writer.acquire()  # wanted


async def test_the_error_says_where_both_were_wanted() -> None:
    """The line that took the reader, and the line that wants the writer."""
    with pytest.raises(DeadlockError) as caught:
        await hold_and_want(RWMutex())

    assert place(hold_and_want, "taken") in str(caught.value)
    assert place(hold_and_want, "wanted") in str(caught.value)


async def test_an_upgrade_is_no_ring_that_may_stand() -> None:
    """`deadlock="wait"` does not let a task wait for itself."""
    rw = RWMutex(deadlock="wait")
    with pytest.raises(DeadlockError):
        await hold_and_want(rw)

    assert is_free(rw)


DOWNGRADES: dict[str, Callable[[RWMutex], None]] = {
    "rw": lambda rw: rw.downgrade(),
    "rw.writer": lambda rw: rw.writer.downgrade(),
}


@pytest.mark.parametrize("downgrade", DOWNGRADES.values(), ids=DOWNGRADES)
async def test_a_downgrade_makes_a_reader_of_the_writer(downgrade: Callable[[RWMutex], None]) -> None:
    """In one step, without an await; the block of the writer ends as any other."""
    rw = RWMutex()
    seen: list[tuple[bool, bool, bool, bool]] = []

    def look() -> None:
        seen.append((rw.writer.held(), rw.writer.locked(), rw.reader.held(), rw.reader.locked()))

    async with rw.writer:
        look()
        downgrade(rw)
        look()
    look()

    assert [(True, True, False, False), (False, False, True, True), (False, False, False, False)] == seen
    assert is_free(rw)


# How the hold is given back, and how often it was taken until then.
ENDINGS: dict[str, tuple[list[str], int]] = {
    "by the writer": (["w"], 1),
    "by the reader": (["r"], 1),
    "by both, the reader first": (["r", "w"], 2),
    "by both, the writer first": (["w", "r"], 2),
    "by the reader alone": (["r", "r"], 2),
    "by all three": (["r", "w", "r"], 3),
}


async def test_what_a_downgrade_left_is_given_back_by_either_side() -> None:
    """Once, and as often again as the reader was taken since; then it is free for a writer."""
    rw = RWMutex()
    for name, (releases, times) in ENDINGS.items():
        held: list[bool] = []
        rw.writer.acquire_nowait()
        rw.downgrade()
        for _ in range(times - 1):
            rw.reader.acquire_nowait()
        for letter in releases:
            held.append(rw.reader.held())
            side_of(rw, letter).release()
        for side in (rw.reader, rw.writer):
            with pytest.raises(RuntimeError):
                side.release()

        assert [True] * times == held, name
        assert is_free(rw), name


async def test_the_writer_gives_back_what_a_downgrade_left_only_once() -> None:
    """What the task took as a reader since is the reader's to give back."""
    rw = RWMutex()
    rw.writer.acquire_nowait()
    rw.downgrade()
    rw.reader.acquire_nowait()
    rw.writer.release()
    with pytest.raises(RuntimeError):
        rw.writer.release()
    held = rw.reader.held()
    rw.reader.release()

    assert held
    assert is_free(rw)


async def test_a_later_reader_is_not_taken_for_who_downgraded() -> None:
    """The writer's `release` gives a read back only for the task, and the hold, that was the writer's."""
    rw = RWMutex()
    async with rw.writer:
        rw.downgrade()
    async with rw.reader:
        with pytest.raises(RuntimeError):
            rw.writer.release()
        assert rw.reader.held()

    assert is_free(rw)


# --- misuse -----------------------------------------------------------------------------------------------

# The situation, the call that is wrong in it, and words of the error.
MISUSES: dict[str, tuple[list[str], str, list[str]]] = {
    "release the reader, free": ([], "reader.release", ["unlock of unlocked", "rw.reader"]),
    "release the writer, free": ([], "writer.release", ["unlock of unlocked", "rw.writer"]),
    "release the reader, another reads": (["+r1"], "reader.release", ["r1", "rw.reader"]),
    "release the writer, another writes": (["+w1"], "writer.release", ["w1", "rw.writer"]),
    "release the reader, another writes": (["+w1"], "reader.release", ["rw.reader"]),
    "release the reader that I wait for": (["+w1", "+r1"], "reader.release", ["rw.reader"]),
    "release the writer, I read": (["r"], "writer.release", ["rw.writer"]),
    "release the writer, I read beside another": (["+r1", "r"], "writer.release", ["rw.writer"]),
    "release the reader, I write": (["w"], "reader.release", ["rw.reader"]),
    "downgrade, free": ([], "downgrade", ["downgrade", "rw"]),
    "downgrade, I read": (["r"], "downgrade", ["downgrade", "rw"]),
    "downgrade, another writes": (["+w1"], "downgrade", ["downgrade", "rw"]),
    "downgrade, another reads": (["+r1"], "downgrade", ["downgrade", "rw"]),
    "downgrade twice": (["w", "d"], "downgrade", ["downgrade", "rw"]),
    "downgrade by the writer's side, I read": (["r"], "writer.downgrade", ["downgrade", "rw"]),
}


async def test_a_misuse_is_a_runtime_error_and_changes_nothing() -> None:
    """What is not yours can not be given back or downgraded; who is inside and who waits stays so."""
    for name, (steps, call, words) in MISUSES.items():
        rw = RWMutex("rw")
        calls: dict[str, Callable[[], None]] = {
            "reader.release": rw.reader.release,
            "writer.release": rw.writer.release,
            "downgrade": rw.downgrade,
            "writer.downgrade": rw.writer.downgrade,
        }
        async with crowd_at(rw) as crowd:
            await go_through(steps, rw, crowd)
            before = crowd.inside, rw.reader.statistics(), rw.writer.statistics(), rw.reader.held()
            with pytest.raises(RuntimeError) as caught:
                calls[call]()
            await settle()
            after = crowd.inside, rw.reader.statistics(), rw.writer.statistics(), rw.reader.held()
            give_back(rw)

        assert not isinstance(caught.value, DeadlockError), name
        assert [] == [word for word in words if word not in str(caught.value)], name
        assert before == after, name
        assert is_free(rw), name


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_it_can_not_be_duplicated(duplicate: Callable[[object], object]) -> None:
    """A copy would guard nothing."""
    with pytest.raises(TypeError, match="RWMutex can't be copied"):
        duplicate(RWMutex())


def test_a_side_is_the_same_whenever_it_is_asked_for() -> None:
    """Equal, of one hash, and not the other side, nor that of another RWMutex."""
    rw, other = RWMutex(), RWMutex()

    assert rw.reader == rw.reader
    assert rw.writer == rw.writer
    assert 2 == len({rw.reader, rw.writer, rw.reader, rw.writer})
    assert rw.reader != rw.writer
    assert rw.reader != other.reader


def test_the_names_of_the_sides() -> None:
    """The name of the RWMutex, and the side."""
    config = RWMutex()

    assert ("config", "config.reader", "config.writer") == (
        config.name,
        config.reader.label,
        config.writer.label,
    )
    assert ("cfg", "cfg.reader", "cfg.writer") == (
        RWMutex("cfg").name,
        RWMutex("cfg").reader.name,
        RWMutex("cfg").writer.name,
    )


async def test_the_repr_tells_who_is_inside() -> None:
    """Free, written or read, and how many wait."""
    rw = RWMutex("rw")
    seen = [repr(rw)]
    async with crowd_at(rw) as crowd:
        await crowd.come("w1")
        seen.append(repr(rw))
        await crowd.come("r1")
        await crowd.come("r2")
        await crowd.order("leave", "w1")
        seen.append(repr(rw))

    assert "free" in seen[0]
    assert "w1" in seen[1]
    assert "2 read" in seen[2]
    assert ["rw"] * 3 == ["rw" if "rw" in text else text for text in seen]


# --- an owner that ended ----------------------------------------------------------------------------------


async def takes_and_ends(rw: RWMutex, how: str) -> None:
    """Hold a side once settled, and end without giving it back."""
    await side_of(rw, how[0]).acquire()
    if how == "w, d":
        rw.downgrade()
    await settle()
    await settle()


async def told_or_inside(rw: RWMutex, names: list[str], log: dict[str, str], group: TaskGroup) -> None:
    """Let tasks come, each of which tells what became of it."""

    async def visit(name: str) -> None:
        try:
            async with side_of(rw, name[0]):
                log[name] = "inside"
        except OwnerEndedError as error:
            log[name] = "told" if 'task "owner" ended' in str(error) and "rw." in str(error) else str(error)

    for name in names:
        group.start_soon(visit, name)
        await anyio.lowlevel.checkpoint()


# Who holds it at its end, who comes before it, and what becomes of those and of who comes afterwards.
OWNERS: dict[str, tuple[str, dict[str, str]]] = {
    "a reader": ("r", {"r1": "inside", "w1": "told", "r2": "inside", "w2": "told"}),
    "a writer": ("w", {"r1": "told", "w1": "told", "r2": "told", "w2": "told"}),
    "who downgraded": ("w, d", {"r1": "inside", "w1": "told", "r2": "inside", "w2": "told"}),
}


@pytest.mark.parametrize("owner", OWNERS.values(), ids=OWNERS)
async def test_who_is_told_that_an_owner_ended(owner: tuple[str, dict[str, str]]) -> None:
    """A reader that ended is in the way of writers only; a writer that ended is in everybody's."""
    how, expected = owner
    rw = RWMutex("rw")
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    async with anyio.create_task_group() as group:
        group.start_soon(takes_and_ends, rw, how, name="owner")
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        await told_or_inside(rw, [*expected], before, group)
    async with anyio.create_task_group() as group:
        await told_or_inside(rw, [*expected], after, group)

    assert expected == before
    assert expected == after
    with pytest.raises(OwnerEndedError):
        rw.writer.acquire_nowait()
    with pytest.raises(OwnerEndedError):
        rw.writer.try_acquire()


async def test_readers_go_on_beside_one_that_ended() -> None:
    """Who reads already is not disturbed, and gives back as ever; the writer is told before that."""
    rw = RWMutex()
    log: dict[str, str] = {}
    async with anyio.create_task_group() as group:
        group.start_soon(takes_and_ends, rw, "r", name="owner")
        await anyio.lowlevel.checkpoint()
        async with rw.reader:
            await told_or_inside(rw, ["w1"], log, group)
            for _ in range(4):
                await settle()
            told = log.copy()
            held = rw.reader.held()

    assert {"w1": "told"} == told
    assert held
    assert not rw.reader.held()


def test_an_owner_that_ended_is_over_with_its_run() -> None:
    """The next run finds both sides free."""
    rw = RWMutex()

    async def leave_it(how: str) -> bool:
        free = is_free(rw)
        async with anyio.create_task_group() as group:
            group.start_soon(takes_and_ends, rw, how)
        return free

    seen = [
        run_on(backend, partial(leave_it, how)) for backend in BACKENDS.values() for how in ("r", "w", "w, d")
    ]

    assert {True} == set(seen)


# --- as the guard of a SharedMap --------------------------------------------------------------------------

# What guards the map, what is done about it, and whether one may then read and write.
ACCESSES: dict[str, tuple[str, list[str], tuple[bool, bool]]] = {
    "nothing held": ("rw", [], (False, False)),
    "I read": ("rw", ["r"], (True, False)),
    "I write": ("rw", ["w"], (True, True)),
    "I have downgraded": ("rw", ["w", "d"], (True, False)),
    "another reads": ("rw", ["+r1"], (False, False)),
    "another writes": ("rw", ["+w1"], (False, False)),
    "I read beside another": ("rw", ["+r1", "r"], (True, False)),
    "writer: nothing held": ("rw.writer", [], (False, False)),
    "writer: I read": ("rw.writer", ["r"], (False, False)),
    "writer: I write": ("rw.writer", ["w"], (True, True)),
    "writer: I have downgraded": ("rw.writer", ["w", "d"], (False, False)),
}


def is_allowed(access: Callable[[], object]) -> bool:
    """Whether an access is no conflict."""
    try:
        access()
    except ConflictError as error:
        assert "stock" in str(error)
        return False
    return True


async def test_what_a_map_guarded_by_it_allows() -> None:
    """Reading needs either side, writing the writer's; with `rw.writer` as the guard both need that one."""
    for name, (guard, steps, (may_read, may_write)) in ACCESSES.items():
        rw = RWMutex("rw")
        m = SharedMap({1: 10}, name="stock", guarded_by=rw if guard == "rw" else rw.writer)
        accesses: list[Callable[[], object]] = [
            partial(m.get, 1),
            lambda m=m: m[1],  # type: ignore[misc]
            lambda m=m: list(m.items()),  # type: ignore[misc]
        ]
        async with crowd_at(rw) as crowd:
            await go_through(steps, rw, crowd)
            reads = {is_allowed(access) for access in accesses}
            writes = {is_allowed(partial(m.update, {1: 11})), is_allowed(partial(m.pop, 1))}
            give_back(rw)

        assert ({may_read}, {may_write}) == (reads, writes), name


async def test_readers_iterate_over_a_guarded_map_at_the_same_time() -> None:
    """With awaits in their loops, beside a writer that comes between: nobody is told of a conflict."""
    rw = RWMutex()
    m = SharedMap(dict.fromkeys(range(5), 0), guarded_by=rw)
    together: list[int] = []
    inside = 0

    async def read() -> None:
        nonlocal inside
        for _ in range(4):
            async with rw.reader:
                inside += 1
                for _ in m.items():
                    await anyio.lowlevel.checkpoint()
                    together.append(inside)
                inside -= 1

    async def write() -> None:
        for round_ in range(4):
            async with rw.writer:
                for key in range(5):
                    m[key] = round_
                    await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for work in (read, write, read, write):
            group.start_soon(work)

    async with rw.reader:
        assert {3} == set(m.values())
    assert 2 == max(together)


async def test_a_reader_that_came_while_a_cancelled_writer_had_not_run_is_watched() -> None:
    """It ends without releasing: the next writer is told, as any other."""
    rw = RWMutex("rw")
    scope = anyio.CancelScope()
    told: list[OwnerEndedError] = []

    async def victim() -> None:
        with scope:
            await rw.writer.acquire()

    async def forget() -> None:
        await turn.wait()
        assert rw.reader.try_acquire()
        await end.wait()

    async def write() -> None:
        try:
            await rw.writer.acquire()
        except OwnerEndedError as error:
            told.append(error)

    turn, end = anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(forget)
        await rw.reader.acquire()
        group.start_soon(victim)
        await settle()
        scope.cancel()
        turn.set()
        await settle()
        group.start_soon(write)
        await settle()
        rw.reader.release()
        end.set()

    assert 1 == len(told)


async def test_who_is_refused_for_a_ring_leaves_no_trace() -> None:
    """Nobody waits then: the next reader need not, and nothing is known to be contended."""
    rw, mux = RWMutex("rw"), Mutex("mux")

    async def read() -> None:
        async with rw.reader, mux:
            pass

    async with anyio.create_task_group() as group, mux:
        group.start_soon(read)
        await settle()
        with pytest.raises(DeadlockError):
            await rw.writer.acquire()
        assert {mux} == waits.contended
        assert rw.reader.try_acquire()
        rw.reader.release()
