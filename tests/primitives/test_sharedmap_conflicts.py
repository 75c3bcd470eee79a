"""What `SharedMap` must report and what it must never report: two tables of programs, on every backend."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import contextlib
import gc
import operator
import sys
import weakref
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from turns import ASYNCIO_BACKENDS, TRIO_BACKENDS, Window, leaves, run_in_thread, settle

from anymutex import ConflictError, Mutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping

    IntMap: TypeAlias = SharedMap[int, int]
    Pause: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
    Reader: TypeAlias = Callable[[IntMap, Pause], Coroutine[Any, Any, object]]
    Write: TypeAlias = Callable[[IntMap], object]
    Program: TypeAlias = Callable[[IntMap], Coroutine[Any, Any, object]]

T = TypeVar("T")

SENTENCE = "concurrent map iteration and map write"
CONTENT = {1: 10, 2: 20, 3: 30}


def overwrite(m: IntMap) -> None:
    """Store another value under a key that is there."""
    m[2] = 21


async def meet(m: IntMap, read: Reader, write: Write) -> None:
    """Let `read` run up to its first await, let another task `write`, let `read` go on."""
    window = Window()

    async def writer() -> None:
        await window.opened()
        write(m)
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(read, m, window.stand, name="reader")
        group.start_soon(writer, name="writer")


async def run_program(program: Program, m: IntMap) -> list[BaseException]:
    """Run `program` and give the exceptions that came out of it, out of their groups."""
    try:
        with anyio.fail_after(20):
            await program(m)
    except Exception as error:
        return leaves(error)
    return []


# --- readers: each awaits `pause` between two steps of its iteration --------------------------------------


async def read_map(m: IntMap, pause: Pause) -> None:
    """Iterate over the map."""
    for _ in m:
        await pause()


async def read_keys(m: IntMap, pause: Pause) -> None:
    """Iterate over the keys view."""
    for _ in m.keys():  # noqa: SIM118  # the view is what is tested
        await pause()


async def read_values(m: IntMap, pause: Pause) -> None:
    """Iterate over the values view."""
    for _ in m.values():
        await pause()


async def read_items(m: IntMap, pause: Pause) -> None:
    """Iterate over the items view."""
    for _, _ in m.items():
        await pause()


async def read_kept_view(m: IntMap, pause: Pause) -> None:
    """Iterate over a view that was made before."""
    view = m.items()
    for _ in range(2):
        for _ in view:
            await pause()


async def read_reversed(m: IntMap, pause: Pause) -> None:
    """Iterate backwards over the map."""
    for _ in reversed(m):
        await pause()


async def read_reversed_items(m: IntMap, pause: Pause) -> None:
    """Iterate backwards over the items view."""
    for _ in reversed(m.items()):
        await pause()


async def read_reversed_values(m: IntMap, pause: Pause) -> None:
    """Iterate backwards over the values view."""
    for _ in reversed(m.values()):
        await pause()


async def read_by_comprehension(m: IntMap, pause: Pause) -> None:
    """A list comprehension with an await."""
    [await pause() for _ in m]


async def read_by_dict_comprehension(m: IntMap, pause: Pause) -> None:
    """A dict comprehension with an await."""
    {key: await pause() for key in m}


async def read_by_async_generator_expression(m: IntMap, pause: Pause) -> None:
    """An asynchronous generator expression."""
    async for _ in (await pause() for _ in m.values()):
        pass


async def read_by_generator(m: IntMap, pause: Pause) -> None:
    """A generator between the map and the loop that awaits."""
    for _ in (key + 1 for key in m):
        await pause()


async def read_by_async_generator(m: IntMap, pause: Pause) -> None:
    """An asynchronous generator holds the iteration, the loop that consumes it awaits."""

    async def pairs() -> AsyncIterator[tuple[int, int]]:
        for pair in m.items():
            yield pair

    async for _ in pairs():
        await pause()


async def read_inside_async_generator(m: IntMap, pause: Pause) -> None:
    """An asynchronous generator holds the iteration and the await."""

    async def keys() -> AsyncIterator[int]:
        for key in m:
            await pause()
            yield key

    async for _ in keys():
        pass


async def read_by_map_and_zip(m: IntMap, pause: Pause) -> None:
    """Iterators written in C between the map and the loop."""
    for _ in enumerate(zip(map(str, m), m.values(), strict=True)):
        await pause()


async def read_by_next(m: IntMap, pause: Pause) -> None:
    """`iter` and `next` by hand."""
    steps = iter(m)
    while next(steps, None) is not None:
        await pause()


async def read_in_a_helper(m: IntMap, pause: Pause) -> None:
    """The iterator is made here and walked along in another coroutine of the same task."""

    async def walk(steps: Iterable[int]) -> None:
        for _ in steps:
            await pause()

    await walk(iter(m))


async def read_nested(m: IntMap, pause: Pause) -> None:
    """A loop in a loop over the same map; the inner one meets the writer first."""
    for _ in m:
        for _ in m.values():
            await pause()


async def read_up_to_the_last_step(m: IntMap, pause: Pause) -> None:
    """The await is in the last round: only the step that ends the iteration can tell."""
    last = len(m)
    for place, _ in enumerate(m, 1):
        if place == last:
            await pause()


async def read_behind_a_shield(m: IntMap, pause: Pause) -> None:
    """The await is inside a shielded scope."""
    for _ in m:
        with anyio.CancelScope(shield=True):
            await pause()


async def read_and_write_values(m: IntMap, pause: Pause) -> None:
    """The reader overwrites values itself, which is legal, and meets a writer besides."""
    for key in m:
        m[key] = 0
        await pause()
        m[key] = 1


READERS: dict[str, Reader] = {
    "map": read_map,
    "keys": read_keys,
    "values": read_values,
    "items": read_items,
    "kept view": read_kept_view,
    "reversed": read_reversed,
    "reversed items": read_reversed_items,
    "reversed values": read_reversed_values,
    "list comprehension": read_by_comprehension,
    "dict comprehension": read_by_dict_comprehension,
    "async generator expression": read_by_async_generator_expression,
    "generator": read_by_generator,
    "async generator": read_by_async_generator,
    "inside async generator": read_inside_async_generator,
    "map and zip": read_by_map_and_zip,
    "next by hand": read_by_next,
    "in a helper": read_in_a_helper,
    "nested": read_nested,
    "last step": read_up_to_the_last_step,
    "behind a shield": read_behind_a_shield,
    "writes values too": read_and_write_values,
}

# --- writes: the first table is of writes, the second of what is none -------------------------------------


def delete_and_insert_again(m: IntMap) -> None:
    """Two writes that leave the size as it was."""
    value = m.pop(2)
    m[2] = value


def write_while_iterating(m: IntMap) -> None:
    """An iteration of the writer's own, which writes values."""
    for key in m:
        m[key] = 0


WRITES: dict[str, Write] = {
    "overwrite": overwrite,
    "overwrite the key just visited": lambda m: operator.setitem(m, 1, 11),
    "overwrite by the equal value": lambda m: operator.setitem(m, 2, 20),
    "overwrite by the same object": lambda m: operator.setitem(m, 2, m[2]),
    "new key": lambda m: operator.setitem(m, 4, 40),
    "del": lambda m: operator.delitem(m, 3),
    "pop": lambda m: m.pop(3),
    "pop with default": lambda m: m.pop(3, None),
    "popitem": lambda m: m.popitem(),
    "clear": lambda m: m.clear(),
    "update with a new key": lambda m: m.update({4: 40}),
    "update with equal values": lambda m: m.update(CONTENT),
    "update with pairs": lambda m: m.update([(2, 20)]),
    "update with itself": lambda m: m.update(m),
    "update with a SharedMap": lambda m: m.update(SharedMap({1: 1})),
    "or-equals": lambda m: m.__ior__({2: 20}),
    "or-equals with pairs": lambda m: m.__ior__([(4, 40)]),
    "setdefault of a new key": lambda m: m.setdefault(4, 40),
    "delete and insert again": delete_and_insert_again,
    "write while iterating": write_while_iterating,
}


def failing(error: type[Exception], write: Write) -> Write:
    """Make a write that is expected to fail."""

    def attempt(m: IntMap) -> None:
        with pytest.raises(error):
            write(m)

    return attempt


UNHASHABLE: Any = []
NO_MAPPING: Any = 5
NO_WRITES: dict[str, Write] = {
    "get item": lambda m: m[1],
    "get": lambda m: m.get(1),
    "get missing": lambda m: m.get(9),
    "in": lambda m: 1 in m,
    "len": len,
    "list": list,
    "snapshot": lambda m: m.snapshot(),
    "copy": lambda m: m.copy(),
    "or": lambda m: m | {9: 9},
    "ror": lambda m: {9: 9} | m,
    "equal": lambda m: m == CONTENT,
    "repr": repr,
    "items": lambda m: list(m.items()),
    "view operators": lambda m: (m.keys() & {1}, m.items() - set(), m.keys() | {9}, m.keys() ^ {1}),
    "write to a copy": lambda m: operator.setitem(m.copy(), 1, 0),
    "write to a snapshot": lambda m: operator.setitem(m.snapshot(), 1, 0),
    "write to another map": lambda m: operator.setitem(SharedMap(m), 1, 0),
    "setdefault of a present key": lambda m: m.setdefault(1, 0),
    "pop missing with default": lambda m: m.pop(9, None),
    "pop missing": failing(KeyError, lambda m: m.pop(9)),
    "del missing": failing(KeyError, lambda m: operator.delitem(m, 9)),
    "set unhashable": failing(TypeError, lambda m: m.__setitem__(UNHASHABLE, 9)),
    "update with nothing": lambda m: m.update(),
    "update with an empty dict": lambda m: m.update({}),
    "update with an empty list": lambda m: m.update([]),
    "update with no mapping": failing(TypeError, lambda m: m.update(NO_MAPPING)),
    "or-equals with an empty dict": lambda m: m.__ior__({}),
}

# --- programs that must be reported, each with exactly one conflict unless it says otherwise --------------


async def child_of_the_loop_body(m: IntMap) -> None:
    """A child task started inside the loop body overwrites a value."""

    async def child() -> None:
        overwrite(m)

    for _ in m:
        async with anyio.create_task_group() as group:
            group.start_soon(child)


async def child_started_before(m: IntMap) -> None:
    """A child of the iterating task writes."""
    window = Window()

    async def child() -> None:
        await window.opened()
        overwrite(m)
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(child)
        for _ in m:
            await window.stand()


async def grandchild(m: IntMap) -> None:
    """The writer is two generations away."""

    async def child() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child_of_child)

    async def child_of_child() -> None:
        overwrite(m)

    for _ in m:
        async with anyio.create_task_group() as group:
            group.start_soon(child)


async def parent_writes(m: IntMap) -> None:
    """The iterating task is the child, the writer its parent."""
    window = Window()
    async with anyio.create_task_group() as group:
        group.start_soon(read_map, m, window.stand)
        await window.opened()
        overwrite(m)
        window.close()


async def two_writers(m: IntMap) -> None:
    """Two tasks write into one window: one conflict."""
    window = Window()

    async def writer() -> None:
        await window.opened()
        overwrite(m)

    async def reader() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(writer)
            await read_map(m, stand_and_settle)

    async def stand_and_settle() -> None:
        window.close()
        await window.stand()
        await settle()

    await reader()


async def iterator_handed_over(m: IntMap) -> None:
    """An iterator made and begun here is walked on by a child, and its maker writes: the child iterates."""
    window = Window()
    steps = iter(m)
    next(steps)

    async def walk() -> None:
        for _ in steps:
            await window.stand()

    async with anyio.create_task_group() as group:
        group.start_soon(walk)
        await window.opened()
        overwrite(m)
        window.close()


async def only_the_second_loop(m: IntMap) -> None:
    """A loop that met nobody, then one that did."""
    for _ in m:
        await anyio.lowlevel.checkpoint()
    await meet(m, read_map, overwrite)


async def writer_is_cancelled(m: IntMap) -> None:
    """The writer is cancelled and writes on its way out."""
    window = Window()

    async def writer(scope: anyio.CancelScope) -> None:
        with scope:
            try:
                await anyio.sleep_forever()
            finally:
                overwrite(m)
                window.close()

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()
        group.start_soon(writer, scope)
        group.start_soon(read_map, m, window.stand)
        await settle()
        scope.cancel()


async def conflict_after_many_steps(m: IntMap) -> None:
    """Only the third of many awaits lets the writer in."""
    m.update({key: key for key in range(100)})
    window = Window()
    rounds = 0

    async def pause() -> None:
        nonlocal rounds
        rounds += 1
        await (window.stand() if rounds == 3 else anyio.lowlevel.checkpoint())

    async def writer() -> None:
        await window.opened()
        overwrite(m)
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(writer)
        await read_items(m, pause)


async def worker_thread(m: IntMap) -> None:
    """The loop body awaits a worker thread that writes."""
    for _ in m:
        await anyio.to_thread.run_sync(overwrite, m)


async def plain_thread(m: IntMap) -> None:
    """A thread that knows of no loop writes while the iterating task has it run, without an await."""
    for _ in m:
        run_in_thread(partial(overwrite, m))
        await anyio.lowlevel.checkpoint()


async def lock_on_one_side_only(m: IntMap) -> None:
    """The writer takes a lock, the reader does not."""
    lock = Mutex()
    window = Window()

    async def writer() -> None:
        await window.opened()
        async with lock:
            overwrite(m)
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(writer)
        await read_map(m, window.stand)


async def lock_around_each_step(m: IntMap) -> None:
    """Both sides take the lock, but the reader gives it back between two steps."""
    lock = Mutex()
    window = Window()

    async def pause() -> None:
        async with lock:
            pass
        await window.stand()

    async def writer() -> None:
        await window.opened()
        async with lock:
            overwrite(m)
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(writer)
        await read_map(m, pause)


MUST_REPORT: dict[str, Program] = {
    "child of the loop body": child_of_the_loop_body,
    "child started before": child_started_before,
    "grandchild": grandchild,
    "parent writes": parent_writes,
    "two writers": two_writers,
    "iterator handed over": iterator_handed_over,
    "only the second loop": only_the_second_loop,
    "writer is cancelled": writer_is_cancelled,
    "after many steps": conflict_after_many_steps,
    "worker thread": worker_thread,
    "plain thread": plain_thread,
    "lock on one side only": lock_on_one_side_only,
    "lock around each step": lock_around_each_step,
}


async def gather(m: IntMap) -> None:
    """`asyncio.gather` in the loop body runs the write in a task of its own."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        await asyncio.gather(write())


async def create_task(m: IntMap) -> None:
    """A task of asyncio's own."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        await asyncio.create_task(write())


async def asyncio_task_group(m: IntMap) -> None:
    """A task group of asyncio's own."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        async with asyncio.TaskGroup() as group:
            group.create_task(write())


async def wait_for(m: IntMap) -> None:
    """`asyncio.wait_for`: up to 3.11 it runs the write in another task."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        await asyncio.wait_for(write(), 10)


async def call_soon(m: IntMap) -> None:
    """A callback of the loop, where no task runs."""
    for _ in m:
        asyncio.get_running_loop().call_soon(overwrite, m)
        await settle()


async def call_soon_threadsafe(m: IntMap) -> None:
    """A callback that a thread sent in."""
    loop = asyncio.get_running_loop()
    for _ in m:
        run_in_thread(partial(loop.call_soon_threadsafe, overwrite, m))
        await settle()


async def done_callback(m: IntMap) -> None:
    """A callback of a future."""
    for _ in m:
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: overwrite(m))
        future.set_result(None)
        await settle()


MUST_REPORT_ASYNCIO: dict[str, Program] = {
    "gather": gather,
    "create_task": create_task,
    "TaskGroup": asyncio_task_group,
    "call_soon": call_soon,
    "call_soon_threadsafe": call_soon_threadsafe,
    "done callback": done_callback,
}


async def run_sync_soon(m: IntMap) -> None:
    """A callback of trio's entry queue."""
    for _ in m:
        trio.lowlevel.current_trio_token().run_sync_soon(overwrite, m)
        await settle()


async def system_task(m: IntMap) -> None:
    """A system task of trio."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        trio.lowlevel.spawn_system_task(write)
        await settle()


async def nursery(m: IntMap) -> None:
    """A nursery of trio's own."""

    async def write() -> None:
        overwrite(m)

    for _ in m:
        async with trio.open_nursery() as group:
            group.start_soon(write)


MUST_REPORT_TRIO: dict[str, Program] = {
    "run_sync_soon": run_sync_soon,
    "system task": system_task,
    "nursery": nursery,
}

# --- programs that must never be reported -----------------------------------------------------------------


def while_written(read: Reader) -> Program:
    """Make a program that lets another task overwrite at the await of `read`."""

    async def program(m: IntMap) -> None:
        await meet(m, read, overwrite)

    return program


async def quiet_list(m: IntMap, pause: Pause) -> None:
    """Loop over a list of it."""
    for _ in list(m):
        await pause()


async def quiet_sorted(m: IntMap, pause: Pause) -> None:
    """Loop over a sorted list, over a tuple, over a set."""
    for _ in [*sorted(m.items()), *tuple(m), *set(m.values())]:
        await pause()


async def quiet_copy(m: IntMap, pause: Pause) -> None:
    """Loop over a copy."""
    for _ in m.copy():
        await pause()


async def quiet_snapshot(m: IntMap, pause: Pause) -> None:
    """Loop over a snapshot."""
    for _ in m.snapshot().items():
        await pause()


async def quiet_view_operators(m: IntMap, pause: Pause) -> None:
    """Loop over the result of a set operation of views."""
    for _ in [*(m.keys() & {1, 2}), *(m.items() - set()), *(m.keys() | {9}), *(m.keys() ^ {9})]:
        await pause()


async def quiet_comprehension(m: IntMap, pause: Pause) -> None:
    """A comprehension without an await, its result looped over."""
    for _ in [key for key in m if key > 1]:
        await pause()


async def quiet_break(m: IntMap, pause: Pause) -> None:
    """The loop is left after the write, and the map read on."""
    for _ in m:
        await pause()
        break
    assert 21 == m[2]


async def quiet_return(m: IntMap, pause: Pause) -> int:
    """The function is left out of the loop."""
    for key in m.values():
        await pause()
        return key
    return 0


async def quiet_error(m: IntMap, pause: Pause) -> None:
    """An exception leaves the loop."""
    with contextlib.suppress(LookupError):
        for _ in m:
            await pause()
            raise LookupError


async def quiet_abandoned(m: IntMap, pause: Pause) -> None:
    """An iterator that is kept and never advanced again."""
    steps = iter(m)
    next(steps)
    await pause()
    assert 21 == m[2]
    del steps


async def quiet_dropped(m: IntMap, pause: Pause) -> None:
    """An iterator that is gone before the write; then a new loop."""
    steps = iter(m)
    next(steps)
    del steps
    await pause()
    assert [1, 2, 3] == list(m)


async def quiet_dropped_generator(m: IntMap, pause: Pause) -> None:
    """A generator over the map that is dropped before its end."""
    steps = (key for key in m)
    next(steps)
    del steps
    await pause()
    assert [10, 21, 30] == list(m.values())


async def quiet_ended(m: IntMap, pause: Pause) -> None:
    """An iterator that had come to its end before the write, and is asked again."""
    steps = iter(m)
    assert [1, 2, 3] == list(steps)
    await pause()
    assert [] == list(steps)


async def quiet_before(m: IntMap, pause: Pause) -> None:
    """The write comes before the loop."""
    await pause()
    for _ in m:
        await anyio.lowlevel.checkpoint()


async def quiet_after(m: IntMap, pause: Pause) -> None:
    """The write comes after the loop."""
    for _ in m:
        await anyio.lowlevel.checkpoint()
    await pause()


async def quiet_between(m: IntMap, pause: Pause) -> None:
    """The write comes between two loops."""
    for _ in m:
        await anyio.lowlevel.checkpoint()
    await pause()
    for _ in m.items():
        await anyio.lowlevel.checkpoint()


async def quiet_inner_loop(m: IntMap, pause: Pause) -> None:
    """The outer loop is over a list, the inner ones over the map have no await."""
    for _ in list(m):
        await pause()
        for _ in m.values():
            pass


async def quiet_other_map(m: IntMap, pause: Pause) -> None:
    """The loop is over another map than the one that is written."""
    for _ in SharedMap(m):
        await pause()


async def quiet_set_methods(m: IntMap, pause: Pause) -> None:
    """Whole-map reads on both sides of the await, no open iteration in it."""
    assert 60 == sum(m.values())
    await pause()
    assert 61 == sum(m.values())
    assert max(m) == 3
    assert any(value == 21 for value in m.values())


async def own_overwrite(m: IntMap) -> None:
    """The iterating task itself overwrites values."""
    for key in m:
        await anyio.lowlevel.checkpoint()
        m[key] += 1
        await anyio.lowlevel.checkpoint()
        m.update({key: 0})


async def own_overwrite_in_awaited_coroutine(m: IntMap) -> None:
    """The same, in a coroutine that it awaits and in an async context manager."""

    async def write(key: int) -> None:
        await anyio.lowlevel.checkpoint()
        m[key] = 0

    @contextlib.asynccontextmanager
    async def written(key: int) -> AsyncIterator[None]:
        await write(key)
        yield
        await write(key)

    for key in m:
        await write(key)
        async with written(key):
            await anyio.lowlevel.checkpoint()


async def own_overwrite_under_a_deadline(m: IntMap) -> None:
    """The same, inside scopes."""
    for key in m:
        with anyio.fail_after(10), anyio.CancelScope():
            await anyio.lowlevel.checkpoint()
            m[key] = 0


async def own_iterator_of_another(m: IntMap) -> None:
    """An iterator made elsewhere: the task that advances it overwrites."""
    steps = iter(m)

    async def walk() -> None:
        for key in steps:
            await anyio.lowlevel.checkpoint()
            m[key] = 0

    async with anyio.create_task_group() as group:
        group.start_soon(walk)


async def write_without_iteration(m: IntMap) -> None:
    """Many writers and readers of single keys, nobody iterates."""

    async def work(key: int) -> None:
        for _ in range(5):
            m[key] = m.get(key, 0) + 1
            await anyio.lowlevel.checkpoint()
            m.pop(key, None)

    async with anyio.create_task_group() as group:
        for key in (1, 1, 2, 7):
            group.start_soon(work, key)


async def many_readers(m: IntMap) -> None:
    """Many tasks iterate at a time, nobody writes."""
    async with anyio.create_task_group() as group:
        for read in READERS.values():
            if read is not read_and_write_values:
                group.start_soon(read, m, settle)


async def one_after_the_other(m: IntMap) -> None:
    """Tasks that iterate and write, one after the other."""
    for _ in range(3):
        async with anyio.create_task_group() as group:
            group.start_soon(own_overwrite, m)


def cured_by(lock: Mutex | anyio.Lock) -> Program:
    """Make program 2: the writer locks around each write, the reader around its whole iteration."""

    async def program(m: IntMap) -> None:
        async def write_loop() -> None:
            for key in range(30):
                async with lock:
                    m[key] = key

        async def read_loop() -> None:
            for _ in range(5):
                async with lock:
                    for _ in m.items():
                        await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as group:
            group.start_soon(write_loop)
            group.start_soon(read_loop)

    return program


async def cured_by_anyio_lock(m: IntMap) -> None:
    """Program 2 with the lock of anyio, made here as it belongs to one run."""
    await cured_by(anyio.Lock())(m)


async def child_writes_after_the_loop(m: IntMap) -> None:
    """A child waits until the loop is over."""
    over = anyio.Event()

    async def child() -> None:
        await over.wait()
        m.clear()

    async with anyio.create_task_group() as group:
        group.start_soon(child)
        for _ in m:
            await settle()
        over.set()


async def again_after_a_conflict(m: IntMap) -> None:
    """A conflict that was caught is over: the next loop over the same map is clean."""
    with pytest.raises(BaseExceptionGroup):
        await meet(m, read_map, overwrite)
    await read_map(m, anyio.lowlevel.checkpoint)
    await read_items(m, anyio.lowlevel.checkpoint)


async def two_maps(m: IntMap) -> None:
    """Two tasks, each iterates over one map and writes the other, both in turns."""
    other = SharedMap(m)

    async def copy_to(target: IntMap) -> None:
        for key in list(m):
            await anyio.lowlevel.checkpoint()
            target[key] = key

    async with anyio.create_task_group() as group:
        group.start_soon(copy_to, other)
        for _ in m:
            await settle()


async def thread_that_reads(m: IntMap) -> None:
    """A worker thread only reads."""
    for _ in m:
        assert CONTENT == await anyio.to_thread.run_sync(m.snapshot)


MUST_NOT_REPORT: dict[str, Program] = {
    "list": while_written(quiet_list),
    "sorted": while_written(quiet_sorted),
    "copy": while_written(quiet_copy),
    "snapshot": while_written(quiet_snapshot),
    "view operators": while_written(quiet_view_operators),
    "comprehension without await": while_written(quiet_comprehension),
    "break": while_written(quiet_break),
    "return": while_written(quiet_return),
    "error": while_written(quiet_error),
    "abandoned iterator": while_written(quiet_abandoned),
    "dropped iterator": while_written(quiet_dropped),
    "dropped generator": while_written(quiet_dropped_generator),
    "ended iterator": while_written(quiet_ended),
    "write before the loop": while_written(quiet_before),
    "write after the loop": while_written(quiet_after),
    "write between two loops": while_written(quiet_between),
    "inner loop without await": while_written(quiet_inner_loop),
    "another map": while_written(quiet_other_map),
    "whole reads around the await": while_written(quiet_set_methods),
    "own overwrite": own_overwrite,
    "own overwrite in awaited coroutine": own_overwrite_in_awaited_coroutine,
    "own overwrite under a deadline": own_overwrite_under_a_deadline,
    "own iterator of another": own_iterator_of_another,
    "writes without iteration": write_without_iteration,
    "many readers": many_readers,
    "one after the other": one_after_the_other,
    "cured by Mutex": cured_by(Mutex()),
    "cured by fast Mutex": cured_by(Mutex(fast_acquire=True)),
    "cured by anyio.Lock": cured_by_anyio_lock,
    "child writes after the loop": child_writes_after_the_loop,
    "again after a conflict": again_after_a_conflict,
    "two maps": two_maps,
    "thread that reads": thread_that_reads,
}

# --- the tables are run -----------------------------------------------------------------------------------


ONE_CONFLICT = (f"ConflictError: {SENTENCE}",)
# Each kind of iterator, and the one that only its last step can tell.
KINDS: dict[str, Reader] = {name: READERS[name] for name in ("map", "items", "reversed", "last step")}


def first_lines(errors: list[BaseException]) -> tuple[str, ...]:
    """Give what each error is, and the first line that it says."""
    return tuple(f"{type(error).__name__}: {''.join(str(error).splitlines()[:1])}" for error in errors)


async def outcomes(programs: Mapping[T, Program]) -> dict[T, tuple[str, ...]]:
    """Run the programs of a table, each on a map of its own; give what came out of each."""
    return {name: first_lines(await run_program(run, SharedMap(CONTENT))) for name, run in programs.items()}


def meetings(readers: dict[str, Reader], writes: dict[str, Write]) -> dict[tuple[str, str], Program]:
    """Make the programs in which each of the readers meets each of the writes."""
    return {
        (reader, writer): partial(meet, read=readers[reader], write=writes[writer])
        for reader, writer in product(readers, writes)
    }


async def test_a_reader_that_met_a_writer_is_told() -> None:
    """Whatever the way to iterate: the step after the await raises."""
    programs = meetings(READERS, {"overwrite": overwrite})

    assert dict.fromkeys(programs, ONE_CONFLICT) == await outcomes(programs)
    assert issubclass(ConflictError, RuntimeError)


async def test_every_write_counts() -> None:
    """Whatever the way to write: the reader is told."""
    programs = meetings(KINDS, WRITES)

    assert dict.fromkeys(programs, ONE_CONFLICT) == await outcomes(programs)


async def test_what_changes_nothing_is_no_write() -> None:
    """Reads, and writes that change nothing because there is nothing to change, are never reported."""
    programs = meetings(KINDS, NO_WRITES)

    assert dict.fromkeys(programs, ()) == await outcomes(programs)


async def test_must_report() -> None:
    """One conflict, exactly."""
    assert dict.fromkeys(MUST_REPORT, ONE_CONFLICT) == await outcomes(MUST_REPORT)


@pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)
async def test_must_report_on_asyncio() -> None:
    """What only asyncio has."""
    assert dict.fromkeys(MUST_REPORT_ASYNCIO, ONE_CONFLICT) == await outcomes(MUST_REPORT_ASYNCIO)


@pytest.mark.parametrize("anyio_backend", ASYNCIO_BACKENDS.values(), ids=ASYNCIO_BACKENDS)
async def test_wait_for_is_another_task_up_to_python_3_11() -> None:
    """A write under `asyncio.wait_for` is another task's on 3.11, and the iterating task's own later."""
    expected = () if sys.version_info >= (3, 12) else ONE_CONFLICT

    assert expected == first_lines(await run_program(wait_for, SharedMap(CONTENT)))


@pytest.mark.parametrize("anyio_backend", TRIO_BACKENDS.values(), ids=TRIO_BACKENDS)
async def test_must_report_on_trio() -> None:
    """What only trio has."""
    assert dict.fromkeys(MUST_REPORT_TRIO, ONE_CONFLICT) == await outcomes(MUST_REPORT_TRIO)


async def test_must_not_report() -> None:
    """No conflict, and no other error."""
    assert dict.fromkeys(MUST_NOT_REPORT, ()) == await outcomes(MUST_NOT_REPORT)


async def test_each_reader_is_told() -> None:
    """One write, two open iterations in two tasks: two conflicts."""
    m = SharedMap(CONTENT)
    window = Window()
    told: list[str] = []

    async def reader(name: str, read: Reader) -> None:
        with pytest.raises(ConflictError):
            await read(m, window.stand)
        told.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(reader, "map", read_map)
        group.start_soon(reader, "items", read_items)
        await settle()
        overwrite(m)
        window.close()

    assert ["items", "map"] == sorted(told)


async def test_the_error_comes_at_the_very_next_step() -> None:
    """The reader sees no key after the write."""
    m = SharedMap(CONTENT)
    seen: list[int] = []

    async def read(m: IntMap, pause: Pause) -> None:
        for key in m:
            seen.append(key)
            await pause()

    assert ONE_CONFLICT == first_lines(await run_program(partial(meet, read=read, write=overwrite), m))
    assert [1] == seen


SIZE_CHANGES: dict[str, Callable[[IntMap, int], object]] = {
    "insert": lambda m, key: operator.setitem(m, key + 10, 0),
    "delete": lambda m, key: operator.delitem(m, key),
    "clear": lambda m, _: m.clear(),
}


@pytest.mark.parametrize("change", SIZE_CHANGES.values(), ids=SIZE_CHANGES)
async def test_the_own_change_of_size_is_dicts_error(change: Callable[[IntMap, int], object]) -> None:
    """The iterating task's own insert or delete is dict's `RuntimeError`, in its words, and no conflict."""
    m = SharedMap(CONTENT)
    with pytest.raises(RuntimeError) as caught:
        for key in m:
            await anyio.lowlevel.checkpoint()
            change(m, key)

    assert type(caught.value) is RuntimeError
    assert "dictionary changed size during iteration" == str(caught.value)


# --- on_conflict ------------------------------------------------------------------------------------------


async def reports_of(name: str, program: Program) -> list[str]:
    """Run the program of that name, which must not fail; give the reports that its map's callback got."""
    reports: list[str] = []
    m: IntMap = SharedMap(CONTENT, name="stock", on_conflict=lambda report: reports.append(str(report)))
    found = await run_program(program, m)

    assert [] == found, name
    return reports


async def test_on_conflict_gets_the_report_and_the_iteration_goes_on() -> None:
    """An app that asks for it is told once per open iteration, and nothing is raised."""
    programs = {name: partial(meet, read=read, write=overwrite) for name, read in READERS.items()}
    texts = {name: await reports_of(name, program) for name, program in programs.items()}
    # Two of them have two iterations open when the writer comes.
    expected = dict.fromkeys(READERS, 1) | {"nested": 2, "map and zip": 2}

    assert expected == {name: len(told) for name, told in texts.items()}
    assert {SENTENCE} == {text.splitlines()[0] for told in texts.values() for text in told}
    assert [] == [name for name, told in texts.items() if any("stock" not in text for text in told)]


VIEWS: dict[str, Callable[[Any], Iterable[object]]] = {
    "map": iter,
    "values": lambda m: m.values(),
    "items": lambda m: m.items(),
    "reversed": reversed,
}


@pytest.mark.parametrize("view", VIEWS)
async def test_on_conflict_goes_on_also_when_the_size_changed(view: str) -> None:
    """What stays is all seen, whatever was written; and no error of dict's comes instead."""
    entries = VIEWS[view]
    stayed: set[object] = set()
    seen: set[object] = set()

    async def read(m: IntMap, pause: Pause) -> None:
        for entry in entries(m):
            seen.add(entry)
            await pause()
        stayed.update(set(entries(CONTENT)) & set(entries(m)))

    for name, write in WRITES.items():
        stayed.clear()
        seen.clear()
        texts = await reports_of(name, partial(meet, read=read, write=write))

        assert 1 == len(texts), name
        assert stayed <= seen, name
        assert seen, name


async def test_on_conflict_is_called_once_for_many_writes() -> None:
    """Three writes in three windows of one open iteration make one report, of the first."""
    reports: list[str] = []
    m: IntMap = SharedMap(CONTENT, on_conflict=lambda report: reports.append(str(report)))

    async def writer(key: int) -> None:
        m[key] = 0

    for key in m:
        async with anyio.create_task_group() as group:
            group.start_soon(writer, key, name=f"writer-{key}")

    [text] = reports
    assert "writer-1" in text
    assert "writer-2" not in text
    assert {1: 0, 2: 0, 3: 0} == m


async def test_on_conflict_is_called_for_each_open_iteration() -> None:
    """Two tasks in their loops, one write: two reports, each of its reader."""
    reports: list[str] = []
    m: IntMap = SharedMap(CONTENT, on_conflict=lambda report: reports.append(str(report)))
    window = Window()
    async with anyio.create_task_group() as group:
        group.start_soon(read_map, m, window.stand, name="reader-a")
        group.start_soon(read_items, m, window.stand, name="reader-b")
        await settle()
        overwrite(m)
        window.close()

    assert 2 == len(reports)
    assert [1, 1] == [sum(name in text for text in reports) for name in ("reader-a", "reader-b")]


async def test_on_conflict_is_never_called_for_what_is_no_conflict() -> None:
    """The table of programs that must not be reported holds for the callback, too."""
    # One of them waits for an error that a callback takes away.
    programs = {name: run for name, run in MUST_NOT_REPORT.items() if run is not again_after_a_conflict}

    assert [] == [name for name, run in programs.items() if await reports_of(name, run)]


# --- open iterations are held weakly ----------------------------------------------------------------------


class Marker:
    """Something whose end can be seen."""


async def test_a_dropped_iteration_leaves_nothing_in_the_map() -> None:
    """A suspended generator that was dropped is gone, written map or not."""
    m = SharedMap(CONTENT)

    def walk(marker: Marker) -> Iterator[int]:
        for key in m:
            yield key
            del marker

    for written in (False, True):
        marker = Marker()
        gone = weakref.ref(marker)
        steps = walk(marker)
        next(steps)
        del marker
        if written:
            async with anyio.create_task_group() as group:
                group.start_soon(partial(settle_and, partial(overwrite, m)))
        del steps
        gc.collect()

        assert gone() is None


async def settle_and(call: Callable[[], object]) -> None:
    """Call something in a task of its own."""
    await anyio.lowlevel.checkpoint()
    call()


async def test_many_dropped_iterations_leave_the_map_as_it_was() -> None:
    """A thousand loops left by `break` leave nothing behind that grows."""
    m = SharedMap(CONTENT)

    def reach() -> int:
        """Count the containers that can be reached from the map, and not from its class."""
        gc.collect()
        seen: dict[int, object] = {}
        todo: list[object] = [m]
        while todo:
            thing = todo.pop()
            if id(thing) in seen or isinstance(thing, type) or callable(thing):
                continue
            seen[id(thing)] = thing
            todo += gc.get_referents(thing)
        return len(seen)

    for _ in m:
        break
    before = reach()
    for _ in range(1000):
        for _ in m.items():
            await anyio.lowlevel.cancel_shielded_checkpoint()
            break

    assert before == reach()


async def test_the_map_goes_with_its_last_reference() -> None:
    """A map that was iterated over, written and reported is no garbage that stays."""
    m: IntMap | None = SharedMap(CONTENT)
    assert m is not None
    marker = Marker()
    values: SharedMap[int, object] = SharedMap({1: marker, 2: 2})
    gone = weakref.ref(marker)
    del marker
    window = Window()

    async def read() -> ConflictError:
        try:
            for _ in values:
                await window.stand()
        except ConflictError as error:
            return error.with_traceback(None)
        raise AssertionError("no conflict")

    kept: list[ConflictError] = []

    async def reader() -> None:
        kept.append(await read())

    async def writer() -> None:
        await window.opened()
        values[1] = 1
        window.close()

    async with anyio.create_task_group() as group:
        group.start_soon(reader)
        group.start_soon(writer)
    gc.collect()

    assert 1 == len(kept)
    assert gone() is None
