"""`SharedMap` where no conflict is about: it is a dict, but for what is stated here."""

# The house style is `assert expected == actual`.
# ruff: noqa: SIM300

from __future__ import annotations

import collections.abc
import copy
import operator
import pickle
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, get_origin

import pytest

from anymutex import Mutex, SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    Map: TypeAlias = MutableMapping[Any, Any]
    Step: TypeAlias = Callable[[Any], object]

# What dict defines itself and SharedMap need not, each with its reason.
STATED_DIFFERENCES = {
    "__doc__": "its own",
    "__new__": "object's will do",
    "__getattribute__": "object's will do",
    "__lt__": "dict refuses order, and so does object",
    "__le__": "dict refuses order, and so does object",
    "__gt__": "dict refuses order, and so does object",
    "__ge__": "dict refuses order, and so does object",
    "__ne__": "object's asks __eq__",
    "__sizeof__": "the size of the wrapper is the honest answer",
}


@pytest.mark.parametrize("name", sorted(set(dir(dict)) & set(vars(dict))))
def test_everything_that_dict_has_is_there_or_stated(name: str) -> None:
    """No method of dict is missing without a word, also when a later Python adds one."""
    implemented = any(name in vars(base) for base in SharedMap.__mro__ if base is not object)

    assert implemented or name in STATED_DIFFERENCES


@pytest.mark.parametrize("name", sorted(set(dir(dict)) - set(dir(object))))
def test_the_names_that_make_a_dict_are_never_stated_away(name: str) -> None:
    """What dict has over object is really there."""

    assert name not in STATED_DIFFERENCES
    assert callable(getattr(SharedMap(), name))


def test_it_is_a_mutable_mapping_and_no_dict() -> None:
    """Composition: a dict subclass would be bypassed by C code."""
    shared: object = SharedMap({1: 2})

    assert isinstance(shared, collections.abc.MutableMapping)
    assert not isinstance(shared, dict)


# Each step is done to a dict and to a SharedMap of the same pairs: same result or error, same content.
STEPS: dict[str, Step] = {
    "get item": lambda m: m["a"],
    "get item missing": lambda m: m["z"],
    "get item unhashable": lambda m: m[[]],
    "get": lambda m: (m.get("a"), m.get("z"), m.get("z", 7)),
    "get without key": lambda m: m.get(),
    "get by keyword": lambda m: m.get(key="a"),
    "set": lambda m: operator.setitem(m, "a", 9),
    "set new": lambda m: operator.setitem(m, "z", 9),
    "set unhashable": lambda m: operator.setitem(m, [], 9),
    "del": lambda m: operator.delitem(m, "a"),
    "del missing": lambda m: operator.delitem(m, "z"),
    "del unhashable": lambda m: operator.delitem(m, []),
    "in": lambda m: ("a" in m, "z" in m, None in m),
    "in unhashable": lambda m: [] in m,
    "len": len,
    "bool": bool,
    "pop": lambda m: m.pop("a"),
    "pop missing": lambda m: m.pop("z"),
    "pop default": lambda m: (m.pop("z", None), m.pop("a", None)),
    "pop too many": lambda m: m.pop("z", 1, 2),
    "pop unhashable": lambda m: m.pop([]),
    "popitem": lambda m: (m.popitem(), m.popitem()),
    "popitem empty": lambda m: [m.popitem() for _ in range(4)],
    "setdefault": lambda m: (m.setdefault("a", 9), m.setdefault("z", 9), m.setdefault("y")),
    "clear": lambda m: m.clear(),
    "update nothing": lambda m: m.update(),
    "update mapping": lambda m: m.update({"a": 9, "z": 8}),
    "update pairs": lambda m: m.update([("a", 9), ("z", 8)]),
    "update keywords": lambda m: m.update({"a": 9}, a=10, self=11),
    "update with itself": lambda m: m.update(m),
    "update with a view": lambda m: m.update(m.items()),
    "update with a keys object": lambda m: m.update(SharedMap({"y": 1})),
    "update number": lambda m: m.update(5),
    "update short pair": lambda m: m.update([("y", 1), ("x",)]),
    "update number in list": lambda m: m.update([5]),
    "update two": lambda m: m.update({}, {}),
    "or": lambda m: m | {"a": 9, "z": 8},
    "or pairs": lambda m: m | [("a", 9)],
    "or number": lambda m: m | 5,
    "ror": lambda m: {"y": 1, "a": 9} | m,
    "ror pairs": lambda m: [("a", 9)] | m,
    "ior": lambda m: m.__ior__({"a": 9, "z": 8}),
    "ior pairs": lambda m: m.__ior__([("a", 9)]),
    "ior number": lambda m: m.__ior__(5),
    "copy": lambda m: m.copy(),
    "fromkeys": lambda m: m.fromkeys("ab"),
    "fromkeys value": lambda m: m.fromkeys(["a", "b"], 1),
    "fromkeys number": lambda m: m.fromkeys(5),
    "iter": list,
    "reversed": lambda m: list(reversed(m)),
    "keys": lambda m: list(m.keys()),
    "values": lambda m: list(m.values()),
    "items": lambda m: list(m.items()),
    "reversed views": lambda m: [list(reversed(v)) for v in (m.keys(), m.values(), m.items())],
    "len of views": lambda m: [len(v) for v in (m.keys(), m.values(), m.items())],
    "in views": lambda m: [("a" in v, 1 in v, ("a", 1) in v) for v in (m.keys(), m.values(), m.items())],
    "keys and": lambda m: m.keys() & {"a", "z"},
    "keys or": lambda m: m.keys() | {"a", "z"},
    "keys minus": lambda m: m.keys() - {"a", "z"},
    "keys xor": lambda m: m.keys() ^ {"a", "z"},
    "keys rand": lambda m: {"a", "z"} & m.keys(),
    "keys rsub": lambda m: {"a", "z"} - m.keys(),
    "keys and list": lambda m: m.keys() & ["a", "z"],
    "items and": lambda m: m.items() & {("a", 1), ("b", 1)},
    "items or": lambda m: m.items() | {("z", 1)},
    "items minus": lambda m: m.items() - {("a", 1)},
    "items xor": lambda m: m.items() ^ {("a", 1), ("z", 1)},
    "keys isdisjoint": lambda m: (m.keys().isdisjoint("z"), m.keys().isdisjoint("a")),
    "items isdisjoint": lambda m: (m.items().isdisjoint([("a", 9)]), m.items().isdisjoint([("a", 1)])),
    "keys order": lambda m: (m.keys() <= {"a", "b", "c"}, m.keys() < {"a", "b", "c"}, m.keys() >= {"a"}),
    "keys equal": lambda m: (m.keys() == {"a", "b", "c"}, m.keys() == {"a"}, {"a"} == m.keys()),
    "items equal": lambda m: m.items() == {"a": 1, "b": 2, "c": 3}.items(),
    "values never equal": lambda m: m.values() == m.values(),
    "equal": lambda m: (m == {"a": 1, "b": 2, "c": 3}, m == {"a": 1}, m == [("a", 1)], m == None),  # noqa: E711
    "equal from the left": lambda m: ({"a": 1, "b": 2, "c": 3} == m, {} == m),
    "unequal": lambda m: (m != {"a": 1, "b": 2, "c": 3}, m != {"a": 1}, m != 5),
    "equal in another order": lambda m: m == {"c": 3, "b": 2, "a": 1},
    "less": lambda m: m < {},
    "hash": hash,
    "two stars": lambda m: dict(**m),
    "dict of it": dict,
    "sorted": sorted,
    "next of a view": lambda m: next(iter(m.values())),
    "next of itself": next,
    "call": lambda m: m(),
    "attribute": lambda m: m.nosuch,
    "own delete in a loop": lambda m: [m.pop(key) for key in m],
    "own insert in a loop": lambda m: [operator.setitem(m, key + "!", 1) for key in m],
    "own insert in a loop over values": lambda m: [operator.setitem(m, value, 1) for value in m.values()],
    "own insert in a reversed loop": lambda m: [operator.setitem(m, key + "!", 1) for key in reversed(m)],
    "own overwrite in a loop": lambda m: [operator.setitem(m, key, 0) for key in m],
    "own swap in a loop": lambda m: [(m.pop(key), operator.setitem(m, key + "!", 1)) for key in m],
    "clear in a loop": lambda m: [m.clear() for _ in m.items()],
}
# The words of these errors name the type, which here is another.
NAMES_THE_TYPE = {
    "get without key",
    "get by keyword",
    "pop too many",
    "update two",
    "or pairs",
    "or number",
    "ror pairs",
    "less",
    "hash",
    "next of itself",
    "call",
    "attribute",
}


def plain(value: object) -> object:
    """Give a dict for a SharedMap, whatever is around it."""
    return dict(value) if isinstance(value, SharedMap) else value


def outcome(step: Step, subject: Map, name: str) -> tuple[object, ...]:
    """Give what a step did: its result or its error, and the content after it, in order."""
    try:
        result: tuple[object, ...] = ("returned", plain(step(subject)))
    except Exception as error:
        result = ("raised", type(error), *(() if name in NAMES_THE_TYPE else (error.args,)))
    return *result, list(subject.items())


@pytest.mark.parametrize("name", STEPS)
def test_a_step_does_what_it_does_to_a_dict(name: str) -> None:
    """Same result or same error, same content in the same order."""
    content = {"a": 1, "b": 2, "c": 3}
    expected = outcome(STEPS[name], dict(content), name)

    assert expected == outcome(STEPS[name], SharedMap(content), name)


CREATIONS: dict[str, tuple[Callable[[], SharedMap[Any, Any]], dict[Any, Any]]] = {
    "nothing": (lambda: SharedMap(), {}),
    "a dict": (lambda: SharedMap({"a": 1}), {"a": 1}),
    "pairs": (lambda: SharedMap([("a", 1), ("b", 2)]), {"a": 1, "b": 2}),
    "a generator": (lambda: SharedMap((n, n * n) for n in range(3)), {0: 0, 1: 1, 2: 4}),
    "a SharedMap": (lambda: SharedMap(SharedMap({"a": 1})), {"a": 1}),
    "with a name": (lambda: SharedMap({"a": 1}, name="stock"), {"a": 1}),
    "fromkeys": (lambda: SharedMap.fromkeys([1, 2]), {1: None, 2: None}),
    "fromkeys value": (lambda: SharedMap.fromkeys([1, 2], 7), {1: 7, 2: 7}),
    "generic alias": (lambda: SharedMap[str, int]({"a": 1}), {"a": 1}),
}


@pytest.mark.parametrize("name", CREATIONS)
def test_it_can_be_made_of(name: str) -> None:
    """A mapping or pairs, as for dict."""
    make, expected = CREATIONS[name]
    made = make()

    assert isinstance(made, SharedMap)
    assert expected == made
    assert list(expected.items()) == list(made.items())


REFUSED: dict[str, Callable[[], object]] = {
    "keywords as content": lambda: SharedMap(a=1),  # type: ignore[call-arg]  # refused, that is the test
    "mapping as keyword": lambda: SharedMap(mapping={}),  # type: ignore[call-arg]  # the same
    "two mappings": lambda: SharedMap({}, {}),  # type: ignore[call-arg,arg-type]  # the same
    "a number": lambda: SharedMap(5),  # type: ignore[arg-type]  # the same
    "unhashable keys": lambda: SharedMap([([], 1)]),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_it_can_not_be_made_of(make: Callable[[], object]) -> None:
    """The options are by keyword alone, so content can't be: a stated difference."""
    with pytest.raises(TypeError):
        make()


def test_the_first_argument_is_copied() -> None:
    """What is done to the mapping it was made of does not reach it, nor the other way round."""
    source = {"a": 1}
    shared = SharedMap(source)
    source["b"] = 2
    shared["c"] = 3

    assert {"a": 1, "c": 3} == shared
    assert {"a": 1, "b": 2} == source


def test_snapshot_is_a_plain_dict_of_now() -> None:
    """`snapshot()` gives a new dict in the same order."""
    shared = SharedMap({"b": 1, "a": 2})
    snapshot = shared.snapshot()
    shared["c"] = 3

    assert type(snapshot) is dict
    assert [("b", 1), ("a", 2)] == list(snapshot.items())
    snapshot["d"] = 4
    assert {"b": 1, "a": 2, "c": 3} == shared


def test_two_shared_maps_are_equal_by_content() -> None:
    """Names and options take no part."""

    assert SharedMap({1: 2}, name="a") == SharedMap({1: 2}, name="b")
    assert SharedMap({1: 2}) != SharedMap({1: 3})


def test_the_repr_shows_what_is_in_it() -> None:
    """`repr` reads like what it is, also of a map inside itself."""
    shared: SharedMap[int, object] = SharedMap({1: 2}, name="stock")

    assert "SharedMap" in repr(shared)
    assert "{1: 2" in repr(shared)
    shared[2] = shared
    assert "..." in repr(shared)
    assert str(shared) == repr(shared)


def test_a_view_lives_with_the_map() -> None:
    """A view made before a write shows what was written."""
    shared = SharedMap({"a": 1})
    keys, values, items = shared.keys(), shared.values(), shared.items()
    shared["b"] = 2

    assert ["a", "b"] == list(keys)
    assert [1, 2] == list(values)
    assert [("a", 1), ("b", 2)] == list(items)
    assert isinstance(keys, collections.abc.KeysView)
    assert isinstance(values, collections.abc.ValuesView)
    assert isinstance(items, collections.abc.ItemsView)


def test_it_matches_a_mapping_pattern() -> None:
    """`match` takes it for the mapping that it is."""
    match SharedMap({"kind": "cat", "age": 3}):
        case {"kind": kind, **rest}:
            found = (kind, rest)

    assert ("cat", {"age": 3}) == found


OFFSPRING: dict[str, Callable[[SharedMap[str, int]], object]] = {
    "copy": lambda m: m.copy(),
    "or": lambda m: m | {},
    "or SharedMap": lambda m: m | SharedMap({"b": 2}),
    "ror": lambda m: {"b": 2} | m,
    "fromkeys": lambda m: m.fromkeys("a"),
}


@pytest.mark.parametrize("derive", OFFSPRING.values(), ids=OFFSPRING)
async def test_offspring_is_a_shared_map_of_its_own(derive: Callable[[SharedMap[str, int]], object]) -> None:
    """`copy` and `|` give a SharedMap without the lock, the name and the open iterations of the first."""
    lock = Mutex()
    first = SharedMap({"a": 1}, name="stock", guarded_by=lock)
    async with lock:
        step = iter(first)
        assert "a" == next(step)
        offspring = derive(first)

    assert isinstance(offspring, SharedMap)
    assert offspring["a"] in (1, None)
    assert "stock" not in repr(offspring)
    offspring["z"] = 26
    async with lock:
        assert {"a": 1} == first
        assert [] == list(step)


def test_ior_keeps_the_map_itself() -> None:
    """`|=` is a write of this map, not a new one."""
    shared = same = SharedMap({"a": 1}, name="stock")
    shared |= {"b": 2}

    assert shared is same
    assert {"a": 1, "b": 2} == same


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_refuses(protocol: int) -> None:
    """A map shared by tasks means nothing in another process."""
    with pytest.raises(TypeError):
        pickle.dumps(SharedMap({"a": 1}), protocol)


def test_a_shallow_copy_shares_no_content() -> None:
    """`copy.copy` either refuses or gives what `.copy()` gives: never a second map on the same content."""
    shared = SharedMap({"a": 1})
    try:
        duplicate = copy.copy(shared)
    except TypeError:
        return
    duplicate["b"] = 2

    assert {"a": 1} == shared


def test_it_is_generic() -> None:
    """`SharedMap[str, int]` is an alias that can be asked for its parts."""
    alias = SharedMap[str, int]

    assert get_origin(alias) is SharedMap
    assert (str, int) == get_args(alias)


def test_equal_keys_are_one_key_and_the_first_stays() -> None:
    """`1`, `1.0` and `True` are one key, as in dict."""
    shared: SharedMap[float, str] = SharedMap([(1, "int")])
    shared[1.0] = "float"
    shared[True] = "bool"

    assert ["(1, 'bool')"] == [str(item) for item in shared.items()]


def test_an_iteration_of_its_own_writer_is_dicts() -> None:
    """Where no task runs, a write inside the loop is dict's: fine for values, an error for size."""
    shared = SharedMap({"a": 1, "b": 2})
    for key in shared:
        shared[key] += 1
    assert {"a": 2, "b": 3} == shared

    with pytest.raises(RuntimeError, match=r"^dictionary changed size during iteration$"):
        for key in shared:
            shared[key + "!"] = 0
