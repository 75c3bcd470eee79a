"""The hot accesses of a SharedMap: dict's own C methods whenever nobody has anything to ask."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import gc
import operator
import weakref
from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.lowlevel
import pytest
from turns import Window, leaves, run_in_thread

from anymutex import ConflictError, Mutex, SharedMap, probe
from anymutex.events import MapRead, MapWritten
from anymutex.primitives import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.events import Event

    IntMap = SharedMap[int, int]

K = TypeVar("K")
V = TypeVar("V")
CONTENT = {1: 10, 2: 20, 3: 30}


def way_of(m: IntMap) -> dict[str, bool]:
    """Tell of each of the five whether it goes straight to dict's C code."""
    return {name: is_straight(getattr(m, name), m) for name in access.NAMES}


def is_straight(function: Any, m: IntMap) -> bool:
    """Tell whether it is a method of the map's dict written in C, or `operator.setitem` bound to it."""
    if isinstance(function, MethodType):
        return function.__func__ is operator.setitem and function.__self__ is m.data
    return isinstance(function, BuiltinMethodType | MethodWrapperType) and function.__self__ is m.data


def all_ways(*, reads: bool, writes: bool) -> dict[str, bool]:
    """Give what `way_of` gives when reads and writes go such a way."""
    return {name: writes if name == "__setitem__" else reads for name in access.NAMES}


STRAIGHT = all_ways(reads=True, writes=True)
WRITES_NOTED = all_ways(reads=True, writes=False)
ASKED = all_ways(reads=False, writes=False)


def test_a_new_map_is_straight() -> None:
    """Nobody iterates, guards or listens."""
    assert STRAIGHT == way_of(SharedMap(CONTENT))


def test_writes_are_noted_while_an_iteration_is_open() -> None:
    """Reads stay as they are."""
    m: IntMap = SharedMap(CONTENT)
    before = iter(m)
    assert STRAIGHT == way_of(m)
    next(before)

    assert WRITES_NOTED == way_of(m)


def end(m: IntMap) -> None:
    """A loop that runs to its end."""
    for _ in m:
        pass


def leave(m: IntMap) -> None:
    """A loop that is left."""
    for _ in m.items():
        break


def nest(m: IntMap) -> None:
    """A loop in a loop."""
    for _ in m:
        for _ in m.values():
            break


def drop_generator(m: IntMap) -> None:
    """A generator that was dropped while it was suspended."""
    next(key for key in m)


def raise_inside(m: IntMap) -> None:
    """A loop left by an exception."""
    with pytest.raises(ZeroDivisionError):
        for _ in m:
            raise ZeroDivisionError


def conflict(m: IntMap) -> None:
    """A loop that a conflict ends."""
    with pytest.raises(ConflictError):
        for _ in m:
            run_in_thread(lambda: m.__setitem__(1, 0))


def write_inside(m: IntMap) -> None:
    """The loop writes itself."""
    for key in m:
        m[key] = 0


PASSES = {
    run.__name__: run for run in (end, leave, nest, drop_generator, raise_inside, conflict, write_inside)
}


@pytest.mark.parametrize("name", PASSES)
def test_writes_are_straight_again_once_no_iteration_is_open(name: str) -> None:
    """The first write that finds none puts it right."""
    m: IntMap = SharedMap(CONTENT)
    PASSES[name](m)
    m[1] = 11

    assert STRAIGHT == way_of(m)
    assert 11 == m[1]


def test_writes_stay_noted_as_long_as_one_iteration_is_open() -> None:
    """The last one counts."""
    m: IntMap = SharedMap(CONTENT)
    first, second = iter(m), iter(m.items())
    next(first)
    next(second)
    del first
    m[1] = 11
    assert WRITES_NOTED == way_of(m)
    del second
    m[1] = 12

    assert STRAIGHT == way_of(m)


def test_a_marked_iteration_does_not_slow_later_writes() -> None:
    """It is out of the map: a suspended generator costs one write."""
    m: IntMap = SharedMap(CONTENT)
    suspended = iter(m)
    next(suspended)
    run_in_thread(lambda: m.__setitem__(1, 0))
    m[1] = 11

    assert STRAIGHT == way_of(m)
    with pytest.raises(ConflictError):
        next(suspended)


def test_listeners_come_and_go() -> None:
    """Each access is told of meanwhile, and only then; maps made before, during and after."""
    before: IntMap = SharedMap(CONTENT)
    heard: list[Event] = []
    with probe.listening(heard.append):
        during: IntMap = SharedMap(CONTENT)
        assert [ASKED] * 2 == [way_of(m) for m in (before, during)]
        with probe.listening(lambda _event: None):
            assert ASKED == way_of(before)
        assert ASKED == way_of(before)
        before[1] = before[2]
    after: IntMap = SharedMap(CONTENT)
    before[1] = before[2]

    assert [STRAIGHT] * 3 == [way_of(m) for m in (before, during, after)]
    assert [MapRead(before, 2), MapWritten(before, 1)] == heard


def test_listeners_come_and_go_while_an_iteration_is_open() -> None:
    """It is still noted what breaks into it."""
    m: IntMap = SharedMap(CONTENT)
    steps = iter(m)
    next(steps)
    with probe.listening(lambda _event: None):
        assert ASKED == way_of(m)

    assert WRITES_NOTED == way_of(m)
    run_in_thread(lambda: m.__setitem__(1, 0))
    with pytest.raises(ConflictError):
        next(steps)


def test_a_listener_that_raises_leaves_the_map_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken out in the middle of the access that it spoilt."""
    complaints: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", complaints.append)
    m: IntMap = SharedMap(CONTENT)

    def fail(_event: Event) -> None:
        raise ZeroDivisionError

    probe.attach(fail)

    assert 10 == m[1]
    assert STRAIGHT == way_of(m)
    assert 1 == len(complaints)


LOCKS: dict[str, Callable[[], Any]] = {"Mutex": Mutex, "anyio.Lock": anyio.Lock}
every_lock = pytest.mark.parametrize("make_lock", LOCKS.values(), ids=LOCKS)


@every_lock
async def test_a_guarded_map_always_asks(make_lock: Callable[[], Any]) -> None:
    """Also with listeners gone and no iteration open."""
    lock = make_lock()
    m: IntMap = SharedMap(CONTENT, guarded_by=lock)
    assert ASKED == way_of(m)
    with probe.listening(lambda _event: None):
        pass
    async with lock:
        end(m)
        m[1] = 11

        assert 11 == m[1]
    assert ASKED == way_of(m)
    with pytest.raises(ConflictError):
        m[1]


@every_lock
async def test_a_guarded_map_tells_listeners(make_lock: Callable[[], Any]) -> None:
    """Each access once, with the lock held."""
    lock = make_lock()
    m: IntMap = SharedMap(CONTENT, guarded_by=lock)
    heard: list[Event] = []
    async with lock:
        with probe.listening(lambda event: heard.append(event) if isinstance(event, told) else None):
            assert 10 == m[1]
            assert 20 == m.get(2)
            assert 9 not in m
            assert 3 == len(m)
            m[1] = 11

    expected = [MapRead(m, 1), MapRead(m, 2), MapRead(m, 9), MapRead(m, m), MapWritten(m, 1)]
    assert expected == heard


told = (MapRead, MapWritten)


@pytest.mark.parametrize("guarded", [False, True])
def test_the_functions_do_not_keep_the_map(guarded: bool) -> None:
    """They know it weakly: no cycle, whatever way they go."""
    gc.disable()
    try:
        m: IntMap = SharedMap(CONTENT, guarded_by=Mutex() if guarded else None)
        with probe.listening(lambda _event: None):
            end(m)
        end(m)
        kept = weakref.ref(m)
        del m

        assert kept() is None
    finally:
        gc.enable()


# --- subclasses ------------------------------------------------------------------------------------------


class Counting(SharedMap[K, V]):
    """Overrides what is a slot in its base, and goes on to it."""

    counts: dict[str, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.counts = {"get": 0, "set": 0}
        super().__init__(*args, **kwargs)

    def __getitem__(self, key: K, /) -> V:
        self.counts["get"] += 1
        return super().__getitem__(key)

    def __setitem__(self, key: K, value: V, /) -> None:
        self.counts["set"] += 1
        super().__setitem__(key, value)


class Defaulting(SharedMap[K, V]):
    """Overrides the other three."""

    def get(self, key: Any, default: Any = "nothing", /) -> Any:
        return super().get(key, default)

    def __contains__(self, key: object, /) -> bool:
        return key == "always" or super().__contains__(key)

    def __len__(self) -> int:
        return super().__len__() + 100


def test_a_subclass_that_overrides_is_asked() -> None:
    """By syntax and by name."""
    m: Counting[int, int] = Counting(CONTENT)
    m[4] = m[1] + m.__getitem__(2)

    assert 30 == m.data[4]
    assert {"get": 2, "set": 1} == m.counts


def test_a_subclass_that_overrides_is_asked_in_every_state() -> None:
    """While an iteration is open, and while somebody listens."""
    m: Counting[int, int] = Counting(CONTENT)
    heard: list[Event] = []
    for key in m:
        m[key] = m[key] + 1
    with probe.listening(heard.append):
        m[1] = m[2]

    assert {"get": 4, "set": 4} == m.counts
    assert [MapRead(m, 2), MapWritten(m, 1)] == heard
    assert {1: 21, 2: 21, 3: 31} == m.snapshot()


def test_the_other_overrides() -> None:
    """Their `super()` finds the slot."""
    m: Defaulting[Any, Any] = Defaulting(CONTENT)

    assert (10, "nothing", None) == (m.get(1), m.get(9), m.get(9, None))
    assert (True, True, False) == ("always" in m, 1 in m, 9 in m)
    assert 103 == len(m)


async def test_a_conflict_is_noticed_through_a_subclass() -> None:
    """Its `super().__setitem__` is the way that notes writes."""
    m: Counting[int, int] = Counting(CONTENT)
    window = Window()

    async def read() -> None:
        for _ in m:
            await window.stand()

    async def write() -> None:
        await window.opened()
        m[2] = 0
        window.close()

    with pytest.raises(BaseExceptionGroup) as caught:
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            group.start_soon(write)

    assert [ConflictError] == [type(error) for error in leaves(caught.value)]


async def test_a_guarded_subclass_is_refused_without_the_lock() -> None:
    """And not with it."""
    lock = Mutex()
    m: Counting[int, int] = Counting(CONTENT, guarded_by=lock)
    for refused in (lambda: m[1], lambda: m.__setitem__(1, 0)):
        with pytest.raises(ConflictError):
            refused()
    async with lock:
        m[1] = m[2]

    assert {1: 20, 2: 20, 3: 30} == m.data
