"""What the report of a `SharedMap` conflict says: both sides, the await between, the map, a way out."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import contextlib
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from turns import ASYNCIO_BACKENDS, Window, leaves, place

from anymutex import ConflictError, Mutex, SharedMap, probe
from anymutex.events import ProblemFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from anymutex.events import Event

    AnyMap = SharedMap[Any, Any]

SENTENCE = "concurrent map iteration and map write"


async def read_loop(m: AnyMap, window: Window) -> None:
    """A loop with its await two functions away."""
    for _ in m.items():  # for-line
        await show(window)  # await-line


async def show(window: Window) -> None:
    """Await what was handed in."""
    await window.stand()  # inner-await-line


async def write_loop(m: AnyMap, window: Window, write: Callable[[AnyMap], object] | None = None) -> None:
    """Write in the window."""
    await window.opened()
    if write:
        write(m)
    else:
        store(m)  # write-call-line
    window.close()


def store(m: AnyMap) -> None:
    """The write itself."""
    m[1] = 11  # write-line


async def text_of(
    m: AnyMap,
    read: Callable[[AnyMap, Window], Coroutine[Any, Any, object]] = read_loop,
    write: Callable[[AnyMap], object] | None = None,
) -> str:
    """Let `read` and a writer conflict, and give the text of the one error."""
    window = Window()
    with pytest.raises(BaseExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            group.start_soon(read, m, window, name="read_loop")
            group.start_soon(write_loop, m, window, write, name="write_loop")
    [error] = leaves(caught.value)
    assert isinstance(error, ConflictError)
    return str(error)


async def test_the_first_line_is_gos_sentence() -> None:
    """People find it by searching for exactly this."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert SENTENCE == text.splitlines()[0]


async def test_both_tasks_are_named() -> None:
    """Names, not addresses."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert 'task "read_loop"' in text
    assert 'task "write_loop"' in text
    assert "0x" not in text


PLACES: dict[str, tuple[object, str]] = {
    "the loop": (read_loop, "for-line"),
    "the await in it": (read_loop, "await-line"),
    "the await behind that": (show, "inner-await-line"),
    "the write": (store, "write-line"),
    "who called the write": (write_loop, "write-call-line"),
}


@pytest.mark.parametrize("name", PLACES)
async def test_each_place_is_said(name: str) -> None:
    """The loop, the await that let the other in, all the way down, and the write."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert place(*PLACES[name]) in text


async def test_the_source_of_each_side_is_shown() -> None:
    """A reader sees the code without opening the file."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert "for _ in m.items():" in text
    assert "await show(window)" in text
    assert "m[1] = 11" in text


async def test_the_reader_comes_before_the_writer() -> None:
    """As Go has it: who was stopped first, then who came meanwhile."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert text.index('task "read_loop"') < text.index('task "write_loop"')
    assert text.index(place(read_loop, "for-line")) < text.index(place(store, "write-line"))


async def test_the_map_and_where_it_was_made_are_said() -> None:
    """The name it was given, and the line that made it."""
    m: AnyMap = SharedMap({1: 10, 2: 20}, name="stock")  # made
    text = await text_of(m)

    assert "stock" in text
    assert place(test_the_map_and_where_it_was_made_are_said, "made") in text


async def test_where_a_map_without_a_name_was_made_is_said() -> None:
    """The line is enough to find it."""
    m: AnyMap = SharedMap({1: 10, 2: 20})  # made
    text = await text_of(m)

    assert place(test_where_a_map_without_a_name_was_made_is_said, "made") in text


async def test_a_way_out_is_said() -> None:
    """One line that begins with `fix:`."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert 1 == sum(line.startswith("fix:") for line in text.splitlines())


async def test_the_backend_is_said(anyio_backend_name: str) -> None:
    """The same text from a user's log tells where it ran."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert anyio_backend_name in text


async def test_the_locks_held_are_said() -> None:
    """A lock that only one side takes is the most common half of a cure."""
    lock = Mutex("half")

    async def read(m: AnyMap, window: Window) -> None:
        async with lock:
            await read_loop(m, window)

    text = await text_of(SharedMap({1: 10, 2: 20}), read)

    assert "half" in text


async def test_no_bystander_is_dumped() -> None:
    """Tasks that took no part are not in the report."""

    async def idle(done: anyio.Event) -> None:
        await done.wait()

    async with anyio.create_task_group() as group:
        done = anyio.Event()
        group.start_soon(idle, done, name="bystander")
        text = await text_of(SharedMap({1: 10, 2: 20}))
        done.set()

    assert "bystander" not in text


async def test_the_listener_gets_the_same_report() -> None:
    """The probe announces the problem that the error tells."""
    heard: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, ProblemFound):
            heard.append(str(event.report))

    with probe.listening(listen):
        text = await text_of(SharedMap({1: 10, 2: 20}))

    assert [text] == heard


# --- the walk along what a task awaits --------------------------------------------------------------------


async def ticks(window: Window) -> AsyncIterator[None]:
    """An asynchronous generator that awaits."""
    await window.stand()  # tick-await-line
    yield


async def read_through_async_generator(m: AnyMap, window: Window) -> None:
    """The await is inside an asynchronous generator."""
    for _ in m:  # for-line
        async for _ in ticks(window):  # await-line
            pass


@contextlib.asynccontextmanager
async def connection(window: Window) -> AsyncIterator[None]:
    """An asynchronous context manager that awaits on entry."""
    await window.stand()  # enter-await-line
    yield


async def read_through_context_manager(m: AnyMap, window: Window) -> None:
    """The await is inside `__aenter__`."""
    for _ in m:  # for-line
        async with connection(window):  # await-line
            pass


@contextlib.asynccontextmanager
async def leaving(window: Window) -> AsyncIterator[None]:
    """An asynchronous context manager that awaits on exit."""
    yield
    await show(window)  # exit-await-line


async def read_through_exit(m: AnyMap, window: Window) -> None:
    """The await is inside `__aexit__`, and one more function away."""
    for _ in m:  # for-line
        async with leaving(window):  # await-line
            pass


async def keys_of(m: AnyMap, window: Window) -> AsyncIterator[int]:
    """An asynchronous generator that holds the loop and the await."""
    for key in m:  # for-line
        await show(window)  # await-line
        yield key


async def read_inside_async_generator(m: AnyMap, window: Window) -> None:
    """The loop itself is inside an asynchronous generator."""
    async for _ in keys_of(m, window):  # consumer-line
        pass


CHAINS: dict[
    str, tuple[Callable[[AnyMap, Window], Coroutine[Any, Any, object]], list[tuple[object, str]]]
] = {
    "async generator": (
        read_through_async_generator,
        [
            (read_through_async_generator, "for-line"),
            (read_through_async_generator, "await-line"),
            (ticks, "tick-await-line"),
        ],
    ),
    "context manager entry": (
        read_through_context_manager,
        [
            (read_through_context_manager, "for-line"),
            (read_through_context_manager, "await-line"),
            (inspect.unwrap(connection), "enter-await-line"),
        ],
    ),
    "context manager exit": (
        read_through_exit,
        [
            (read_through_exit, "for-line"),
            (inspect.unwrap(leaving), "exit-await-line"),
            (show, "inner-await-line"),
        ],
    ),
    "loop in async generator": (
        read_inside_async_generator,
        [
            (read_inside_async_generator, "consumer-line"),
            (keys_of, "for-line"),
            (keys_of, "await-line"),
            (show, "inner-await-line"),
        ],
    ),
}


@pytest.mark.parametrize("name", CHAINS)
async def test_the_chain_of_awaits_is_followed(name: str) -> None:
    """Through asynchronous generators and `@asynccontextmanager`, down to the innermost line."""
    read, expected = CHAINS[name]
    text = await text_of(SharedMap({1: 10, 2: 20}), read)

    assert [] == [mark for where, mark in expected if place(where, mark) not in text], text


# --- who wrote --------------------------------------------------------------------------------------------


async def test_a_child_of_the_iterating_task_is_called_so() -> None:
    """People doubt a conflict with what they started themselves: the report says that it is one."""
    m: AnyMap = SharedMap({1: 10, 2: 20})

    async def child() -> None:
        m[1] = 0

    with pytest.raises(ConflictError) as caught:
        for _ in m:
            async with anyio.create_task_group() as group:
                group.start_soon(child, name="child")

    assert "started by the iterating task" in str(caught.value)


@pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)
async def test_gather_in_the_loop_body_is_called_so() -> None:
    """The same for `asyncio.gather`."""
    m: AnyMap = SharedMap({1: 10, 2: 20})

    async def child() -> None:
        m[1] = 0

    with pytest.raises(ConflictError) as caught:
        for _ in m:
            await asyncio.gather(child())

    assert "started by the iterating task" in str(caught.value)


async def test_a_stranger_is_not_called_a_child() -> None:
    """The sentence is not said of a sibling."""
    text = await text_of(SharedMap({1: 10, 2: 20}))

    assert "started by the iterating task" not in text


async def test_a_thread_is_called_a_thread() -> None:
    """A write from a worker thread is no task's."""
    m: AnyMap = SharedMap({1: 10, 2: 20})
    with pytest.raises(ConflictError) as caught:
        for _ in m:
            await anyio.to_thread.run_sync(store, m)

    assert "thread" in str(caught.value)
    assert place(store, "write-line") in str(caught.value)


WRITES: dict[str, Callable[[AnyMap], object]] = {
    "set": lambda m: m.__setitem__(1, 0),
    "new": lambda m: m.__setitem__(77, 0),
    "del": lambda m: m.__delitem__(1),
    "pop": lambda m: m.pop(1),
    "popitem": lambda m: m.popitem(),
    "clear": lambda m: m.clear(),
    "update": lambda m: m.update({77: 0}),
    "setdefault": lambda m: m.setdefault(77, 0),
    "ior": lambda m: m.__ior__({77: 0}),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_every_write_makes_a_whole_report(write: Callable[[AnyMap], object]) -> None:
    """Whatever the write: first line, both tasks and the way out, and no frame of anymutex."""
    text = await text_of(SharedMap({1: 10, 2: 20}, name="stock"), write=write)

    assert SENTENCE == text.splitlines()[0]
    for part in ("read_loop", "write_loop", "stock", "fix:", place(read_loop, "for-line")):
        assert part in text
    assert "sharedmap.py:" not in text.replace("test_sharedmap", "")


# --- keys and values that behave badly --------------------------------------------------------------------


class Hostile:
    """Something whose `repr` raises."""

    def __repr__(self) -> str:
        raise LookupError("no repr")


class Meddler:
    """Something whose `repr` reads and writes the map that it is in."""

    def __init__(self, m: AnyMap) -> None:
        self.m = m

    def __repr__(self) -> str:
        self.m["meddled"] = len(self.m)
        return f"Meddler of {list(self.m)[:1]}"


def put(key: object, value: object, m: AnyMap) -> None:
    """Store `value` under `key`."""
    m[key] = value


@pytest.mark.parametrize("side", ["key", "value"])
async def test_a_repr_that_raises_spoils_no_report(side: str) -> None:
    """The report comes, whatever the keys and values do."""
    hostile = Hostile()
    m: AnyMap = SharedMap({1: 10, hostile: hostile})
    write = partial(put, *((hostile, 1) if side == "key" else (1, hostile)))

    assert SENTENCE == (await text_of(m, write=write)).splitlines()[0]


@pytest.mark.parametrize("side", ["key", "value"])
async def test_a_repr_that_touches_the_map_spoils_no_report(side: str) -> None:
    """A repr that reads and writes the map neither recurses nor hides the conflict."""
    m: AnyMap = SharedMap({1: 10, 2: 20})
    meddler = Meddler(m)
    write = partial(put, *((meddler, 1) if side == "key" else (1, meddler)))

    assert SENTENCE == (await text_of(m, write=write)).splitlines()[0]


async def test_long_values_are_shortened() -> None:
    """A big key or value does not fill the report."""
    big = "x" * 100_000
    text = await text_of(SharedMap({1: big, 2: big}), write=partial(put, big, big))

    assert len(text) < 5_000
