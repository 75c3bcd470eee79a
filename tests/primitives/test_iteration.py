"""Iteration: a pass at dict's own speed, held by nobody but its loop, that learns at its very next step."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import gc
import sys
import weakref
from operator import length_hint
from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from turns import run_in_thread

from anymutex import ConflictError, Mutex, SharedMap, probe, tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.primitives.iteration import Iteration

    IntMap = SharedMap[int, int]
    AnyIteration = Iteration[Any]

CONTENT = {1: 10, 2: 20, 3: 30}


def passes_of(m: IntMap) -> dict[str, AnyIteration]:
    """Give one iteration of each kind."""
    made = {
        "map": iter(m),
        "reversed": reversed(m),
        "keys": iter(m.keys()),
        "reversed keys": reversed(m.keys()),
        "values": iter(m.values()),
        "reversed values": reversed(m.values()),
        "items": iter(m.items()),
        "reversed items": reversed(m.items()),
    }
    return {name: cast("AnyIteration", one) for name, one in made.items()}


KINDS = list(passes_of(SharedMap()))
every_kind = pytest.mark.parametrize("kind", KINDS)


def native(kind: str) -> list[Any]:
    """Give what dict gives in such a pass."""
    views: dict[str, Callable[[dict[int, int]], Any]] = {
        "map": iter,
        "keys": dict.keys,
        "values": dict.values,
        "items": dict.items,
    }
    is_reversed = kind.startswith("reversed")
    found = list(views[kind.removeprefix("reversed").strip() or "map"](CONTENT))
    return found[::-1] if is_reversed else found


def is_fast(one: AnyIteration) -> bool:
    """Tell whether the next step is dict's own, in C."""
    return isinstance(one.__next__, BuiltinMethodType | MethodWrapperType)


def write_elsewhere(m: IntMap, key: int = 2) -> None:
    """Write as somebody else."""
    run_in_thread(lambda: m.__setitem__(key, 0))


@every_kind
def test_it_gives_what_dict_gives(kind: str) -> None:
    """In dict's order."""
    assert native(kind) == list(passes_of(SharedMap(CONTENT))[kind])


@every_kind
def test_it_is_an_iterator(kind: str) -> None:
    """Its own, and dead for ever after its end."""
    one = passes_of(SharedMap(CONTENT))[kind]

    assert one is iter(one)
    assert 3 == len(list(one))
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(one)


@every_kind
def test_the_first_step_is_slow_and_the_others_are_dicts_own(kind: str) -> None:
    """No Python call a key."""
    one = passes_of(SharedMap(CONTENT))[kind]
    before = is_fast(one)
    next(one)

    assert (False, True) == (before, is_fast(one))


@every_kind
def test_what_is_still_to_come_is_told(kind: str) -> None:
    """As dict's iterator does, by `length_hint`; and how many were seen."""
    one = passes_of(SharedMap(CONTENT))[kind]
    hints = [(length_hint(one), one.seen, one.is_open)]
    for _ in range(3):
        next(one)
        hints.append((length_hint(one), one.seen, one.is_open))

    assert [(3, 0, True), (2, 1, True), (1, 2, True), (0, 3, True)] == hints
    assert next(one, None) is None
    assert not one.is_open


def test_an_empty_pass() -> None:
    """Open until it has said that it is over."""
    one = passes_of(SharedMap())["map"]

    assert (0, 0, True) == (length_hint(one), one.seen, one.is_open)
    assert [] == list(one)
    assert not one.is_open


# --- when it looks twice ---------------------------------------------------------------------------------


def another_loop(m: IntMap, one: AnyIteration) -> None:
    """`iter` of it: maybe another task takes it over."""
    assert 3 == len(m)
    iter(one)


def foreign_write(m: IntMap, _: AnyIteration) -> None:
    """Somebody else writes."""
    write_elsewhere(m)


def own_write(m: IntMap, _: AnyIteration) -> None:
    """The iterating actor writes; another may take over before the next step."""
    m[2] = 0


def listener_comes(_: IntMap, __: AnyIteration) -> None:
    """Somebody wants to know of every step; the listener stays for the length of the test."""
    probe.attach(print)


SLOWED = {change.__name__: change for change in (another_loop, foreign_write, own_write, listener_comes)}


@pytest.mark.parametrize("name", SLOWED)
def test_what_makes_the_next_step_slow(name: str) -> None:
    """Whoever has something to say to it."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)["map"]
    next(one)
    assert is_fast(one)
    try:
        SLOWED[name](m, one)

        assert not is_fast(one)
    finally:
        probe.detach(print)


def test_reads_do_not_make_it_slow() -> None:
    """Nor do writes to another map, nor a second pass."""
    m: IntMap = SharedMap(CONTENT)
    other: IntMap = SharedMap(CONTENT)
    one = passes_of(m)["map"]
    next(one)
    assert 10 == m[1]
    assert list(m)
    write_elsewhere(other)

    assert is_fast(one)


def test_it_is_fast_again_after_a_slow_step() -> None:
    """The own write is settled in one step."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)["map"]
    next(one)
    m[1] = 0
    next(one)

    assert is_fast(one)


def test_a_guarded_pass_is_always_slow() -> None:
    """Each step asks for the lock."""
    one = passes_of(SharedMap(CONTENT, guarded_by=Mutex()))["map"]
    for _ in range(3):
        next(one)

        assert not is_fast(one)


@every_kind
def test_a_foreign_write_is_told_at_the_very_next_step(kind: str) -> None:
    """And only once: the iterator goes on, if somebody goes on with it."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)[kind]
    next(one)
    write_elsewhere(m)
    with pytest.raises(ConflictError):
        next(one)

    assert 2 == len(list(one))


@every_kind
def test_the_step_that_ends_it_tells_too(kind: str) -> None:
    """Written after the last item was given."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)[kind]
    for _ in range(3):
        next(one)
    write_elsewhere(m)
    with pytest.raises(ConflictError):
        next(one)


@every_kind
def test_a_write_before_the_first_step_is_none_of_its_business(kind: str) -> None:
    """Rule 4: it has not begun."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)[kind]
    write_elsewhere(m)

    assert 3 == len(list(one))


@every_kind
def test_a_write_after_its_end_is_none_of_its_business(kind: str) -> None:
    """The variable may live on."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)[kind]
    list(one)
    write_elsewhere(m)
    with pytest.raises(StopIteration):
        next(one)

    assert one.sighting is None


@every_kind
def test_on_conflict_gives_the_rest(kind: str) -> None:
    """What was there at the write and still is, in order."""
    told: list[object] = []
    m: IntMap = SharedMap(CONTENT, on_conflict=told.append)
    one = passes_of(m)[kind]
    first = next(one)
    run_in_thread(lambda: m.__setitem__(4, 40))

    assert native(kind) == [first, *one]
    assert 1 == len(told)


@pytest.mark.parametrize(("writes", "expected"), [(1, 1), (5, 1), (100, 1)])
def test_it_is_marked_once(writes: int, expected: int) -> None:
    """Later writes find it gone from the map, and are quick."""
    told: list[object] = []
    m: IntMap = SharedMap(CONTENT, on_conflict=told.append)
    one = passes_of(m)["map"]
    next(one)
    for _ in range(writes):
        write_elsewhere(m)
        assert not m.open_iterations.refs
    list(one)

    assert expected == len(told)


async def test_who_advances_is_who_iterates() -> None:
    """Made here, handed to a task, advanced there."""
    m: IntMap = SharedMap(CONTENT)
    one = passes_of(m)["map"]
    seen: list[object] = []

    async def advance() -> None:
        next(iter(one))
        seen.extend([tasks.actor(), one.actor])

    assert one.actor is None
    next(one)
    assert tasks.actor() == one.actor
    async with anyio.create_task_group() as group:
        group.start_soon(advance)

    assert seen[0] == seen[1]
    assert tasks.actor() != seen[1]


# --- nobody keeps it -------------------------------------------------------------------------------------


@every_kind
def test_it_dies_with_its_loop(kind: str) -> None:
    """At once, without the collector, begun or not, marked or not."""
    m: IntMap = SharedMap(CONTENT)
    gc.disable()
    try:
        for steps, marked in [(0, False), (1, False), (1, True), (3, False), (4, False)]:
            one = passes_of(m)[kind]
            for _ in range(steps):
                next(one, None)
            if marked:
                write_elsewhere(m)
            kept = weakref.ref(one)
            del one

            assert kept() is None
            assert not m.open_iterations.refs
    finally:
        gc.enable()


def test_it_keeps_the_map() -> None:
    """As a dict's iterator keeps the dict."""
    kept: list[weakref.ref[IntMap]] = []

    def make() -> AnyIteration:
        m: IntMap = SharedMap(CONTENT)
        kept.append(weakref.ref(m))
        return passes_of(m)["map"]

    one = make()

    assert [1, 2, 3] == list(one)
    assert kept[0]() is not None


def test_it_does_not_keep_the_frame_that_made_it() -> None:
    """The site is a code object and a number."""
    value: list[object] = []
    before = sys.getrefcount(value)
    one = passes_of(SharedMap(CONTENT))["map"]
    next(one)

    assert before == sys.getrefcount(value)
    assert isinstance(one.site[1], int)


def test_the_slow_step_is_bound_to_no_more_than_a_weak_reference() -> None:
    """Bound to itself it would be a cycle."""
    one = passes_of(SharedMap(CONTENT))["map"]

    assert isinstance(one.__next__, MethodType)
    assert isinstance(one.__next__.__self__, weakref.ref)
