"""`SharedMap(guarded_by=lock)`: every access without the lock is told at once, no unlucky schedule needed."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import asyncio
import operator
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import anyio.lowlevel
import pytest
from turns import BACKENDS, run_on, settle

from anymutex import ConflictError, Mutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    AnyLock: TypeAlias = Mutex | anyio.Lock
    Access: TypeAlias = Callable[[SharedMap[int, int]], object]

CONTENT = {1: 10, 2: 20, 3: 30}
LOCKS: dict[str, Callable[[], AnyLock]] = {
    "Mutex": Mutex,
    "Mutex-fast_acquire": lambda: Mutex(fast_acquire=True),
    "anyio.Lock": anyio.Lock,
}
every_lock = pytest.mark.parametrize("make_lock", LOCKS.values(), ids=LOCKS)

READS: dict[str, Access] = {
    "get item": lambda m: m[1],
    "get item missing": lambda m: m.get(9),
    "get": lambda m: m.get(1),
    "in": lambda m: 1 in m,
    "len": len,
    "bool": bool,
    "list": list,
    "reversed": lambda m: list(reversed(m)),
    "first of iter": lambda m: next(iter(m)),
    "keys": lambda m: list(m.keys()),
    "values": lambda m: list(m.values()),
    "items": lambda m: list(m.items()),
    "reversed items": lambda m: list(reversed(m.items())),
    "in keys": lambda m: 1 in m.keys(),  # noqa: SIM118  # the view is what is tested
    "in values": lambda m: 10 in m.values(),
    "in items": lambda m: (1, 10) in m.items(),
    "len of keys": lambda m: len(m.keys()),
    "len of values": lambda m: len(m.values()),
    "keys and": lambda m: m.keys() & {1},
    "items or": lambda m: m.items() | {(9, 9)},
    "keys equal": lambda m: m.keys() == CONTENT.keys(),
    "equal": lambda m: m == CONTENT,
    "unequal": lambda m: m != CONTENT,
    "or": lambda m: m | {},
    "ror": lambda m: {9: 9} | m,
    "copy": lambda m: m.copy(),
    "snapshot": lambda m: m.snapshot(),
    "dict": dict,
    "setdefault of a present key": lambda m: m.setdefault(1, 0),
    "pop missing": lambda m: m.pop(9, None),
}
WRITES: dict[str, Access] = {
    "set": lambda m: operator.setitem(m, 1, 0),
    "set new": lambda m: operator.setitem(m, 9, 0),
    "del": lambda m: operator.delitem(m, 1),
    "pop": lambda m: m.pop(1),
    "popitem": lambda m: m.popitem(),
    "setdefault": lambda m: m.setdefault(9, 0),
    "update": lambda m: m.update({1: 0}),
    "or-equals": lambda m: m.__ior__({1: 0}),
    "clear": lambda m: m.clear(),
}
ACCESSES = READS | WRITES


def is_told(access: Access, m: SharedMap[int, int]) -> bool:
    """Tell whether an access is refused."""
    try:
        access(m)
    except ConflictError as error:
        return "stock" in str(error)
    return False


@every_lock
async def test_an_access_without_the_lock_is_told(make_lock: Callable[[], AnyLock]) -> None:
    """Nobody holds the lock: `ConflictError` at once, and nothing is changed."""
    m = SharedMap(CONTENT, name="stock", guarded_by=make_lock())
    for name, access in ACCESSES.items():
        told = is_told(access, m)

        assert told, name
        assert "{1: 10, 2: 20, 3: 30}" in repr(m), name


@every_lock
async def test_an_access_while_another_holds_the_lock_is_told(make_lock: Callable[[], AnyLock]) -> None:
    """The lock must be held by who accesses, not by somebody."""
    lock = make_lock()
    m = SharedMap(CONTENT, name="stock", guarded_by=lock)
    told: list[str] = []

    async def other() -> None:
        told.extend(name for name, access in ACCESSES.items() if is_told(access, m))

    async with lock, anyio.create_task_group() as group:
        group.start_soon(other)

    assert [*ACCESSES] == told


@every_lock
async def test_an_access_with_the_lock_is_fine(make_lock: Callable[[], AnyLock]) -> None:
    """Inside the lock every access does what it does."""
    lock = make_lock()
    for name, access in ACCESSES.items():
        m = SharedMap(CONTENT, name="stock", guarded_by=lock)
        async with lock:
            expected = access(SharedMap(CONTENT))
            actual = access(m)

            if type(expected) in (bool, int, list, tuple, set, dict, type(None)):
                assert expected == actual, name
        assert is_told(access, m), name


@every_lock
def test_it_is_allowed_where_no_task_runs(make_lock: Callable[[], AnyLock]) -> None:
    """At import time, or after the run, there is nobody to race with."""
    for access in ACCESSES.values():
        access(SharedMap(CONTENT, guarded_by=make_lock()))


@every_lock
def test_a_map_made_and_filled_at_import_time_is_guarded_in_a_run(make_lock: Callable[[], AnyLock]) -> None:
    """It is filled without a lock, guarded in the run, and can be read without one afterwards."""
    lock = make_lock()
    m: SharedMap[int, int] = SharedMap(guarded_by=lock)
    m.update(CONTENT)

    async def program() -> None:
        with pytest.raises(ConflictError):
            len(m)
        async with lock:
            m[4] = 40

    run_on(BACKENDS["asyncio"], program)

    assert CONTENT | {4: 40} == m


@every_lock
async def test_the_repr_is_never_refused(make_lock: Callable[[], AnyLock]) -> None:
    """A debugger or a log line may look at any time."""
    m = SharedMap(CONTENT, guarded_by=make_lock())

    assert "20" in repr(m)
    assert "20" in str(m)
    assert "20" in f"{m}"


@every_lock
@pytest.mark.parametrize("view", ["map", "keys", "values", "items", "reversed"])
async def test_an_iterator_carried_out_of_the_lock_is_told_at_its_next_step(
    make_lock: Callable[[], AnyLock], view: str
) -> None:
    """The lock is asked for at each step, not only at the first."""
    lock = make_lock()
    m = SharedMap(CONTENT, guarded_by=lock)
    views: dict[str, Callable[[], Iterable[object]]] = {
        "map": lambda: m,
        "keys": m.keys,
        "values": m.values,
        "items": m.items,
        "reversed": lambda: reversed(m),
    }
    async with lock:
        steps = iter(views[view]())
        next(steps)
    with pytest.raises(ConflictError):
        next(steps)


@every_lock
async def test_the_last_step_is_checked_too(make_lock: Callable[[], AnyLock]) -> None:
    """The step that would only end the iteration is an access like the others."""
    lock = make_lock()
    m = SharedMap({1: 10}, guarded_by=lock)
    async with lock:
        steps = iter(m)
        next(steps)
    with pytest.raises(ConflictError):
        next(steps, None)


@every_lock
async def test_a_view_carried_out_of_the_lock_is_no_way_in(make_lock: Callable[[], AnyLock]) -> None:
    """A view made under the lock needs the lock again."""
    lock = make_lock()
    m = SharedMap(CONTENT, guarded_by=lock)
    async with lock:
        view = m.items()
        assert 3 == len(view)
    with pytest.raises(ConflictError):
        list(view)


@every_lock
async def test_a_loop_under_the_lock_is_never_told(make_lock: Callable[[], AnyLock]) -> None:
    """Program 2: with the lock on both sides nothing is reported."""
    lock = make_lock()
    m = SharedMap(CONTENT, guarded_by=lock)

    async def write_loop() -> None:
        for key in range(20):
            async with lock:
                m[key] = key

    async def read_loop() -> None:
        for _ in range(4):
            async with lock:
                for _ in m.items():
                    await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(write_loop)
        group.start_soon(read_loop)


@every_lock
async def test_a_child_of_the_holder_does_not_hold(make_lock: Callable[[], AnyLock]) -> None:
    """The lock belongs to the task and not to its children."""
    lock = make_lock()
    m = SharedMap(CONTENT, guarded_by=lock)
    told: list[bool] = []

    async def child() -> None:
        with pytest.raises(ConflictError):
            m[1] = 0
        told.append(True)

    async with lock:
        async with anyio.create_task_group() as group:
            group.start_soon(child)
        assert 10 == m[1]

    assert [True] == told


@every_lock
async def test_the_report_names_the_task_the_map_and_how_to_fix_it(make_lock: Callable[[], AnyLock]) -> None:
    """The text says who accessed what without the lock, and what to write instead."""
    m = SharedMap(CONTENT, name="stock", guarded_by=make_lock())
    texts: list[str] = []

    async def intruder() -> None:
        try:
            m[1] = 0
        except ConflictError as error:
            texts.append(str(error))

    async with anyio.create_task_group() as group:
        group.start_soon(intruder, name="intruder")
        await settle()

    [text] = texts
    assert "intruder" in text
    assert "stock" in text
    assert "fix:" in text
    assert "test_sharedmap_guard.py:" in text


NO_OWNER: dict[str, Callable[[], Any]] = {
    "anyio.Semaphore": lambda: anyio.Semaphore(1),
    "anyio.Event": anyio.Event,
    "anyio.CapacityLimiter": lambda: anyio.CapacityLimiter(1),
    "asyncio.Lock": asyncio.Lock,
    "threading.Lock": threading.Lock,
    "class": lambda: Mutex,
    "string": lambda: "lock",
    "object": object,
}


@pytest.mark.parametrize("make", NO_OWNER.values(), ids=NO_OWNER)
async def test_a_lock_without_an_owner_is_refused(make: Callable[[], Any]) -> None:
    """`TypeError` that lists what is accepted."""
    with pytest.raises(TypeError) as caught:
        SharedMap(CONTENT, guarded_by=make())

    assert "Mutex" in str(caught.value)
    assert "RWMutex" in str(caught.value)
    assert "anyio.Lock" in str(caught.value)
