"""`SharedMap` against dict, step by step: Hypothesis looks for a sequence of calls that tells them apart."""

# The house style is `assert expected == actual`.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from turns import BACKENDS, run_on

from anymutex import SharedMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    Map: TypeAlias = MutableMapping[Any, Any]

# Few keys, so that calls meet; some are equal to each other, one can't be a key at all.
KEYS = st.sampled_from([0, 1, 1.0, True, 2, 3, "a", "b", None, (1, 2), ()])
ANY_KEYS: st.SearchStrategy[Any] = st.one_of(KEYS, KEYS, KEYS, st.builds(list))
VALUES = st.integers(0, 3)
CONTENTS = st.dictionaries(KEYS, VALUES, max_size=4)
PAIRS = st.lists(st.tuples(ANY_KEYS, VALUES), max_size=3)

ITERATIONS: dict[str, Callable[[Map], Iterator[object]]] = {
    "map": iter,
    "keys": lambda m: iter(m.keys()),
    "values": lambda m: iter(m.values()),
    "items": lambda m: iter(m.items()),
    "reversed": lambda m: reversed(m),
    "reversed keys": lambda m: reversed(m.keys()),  # type: ignore[call-overload]  # the same
    "reversed values": lambda m: reversed(m.values()),  # type: ignore[call-overload]  # the same
    "reversed items": lambda m: reversed(m.items()),  # type: ignore[call-overload]  # the same
}


def exact(value: object) -> object:
    """Give a form that tells 1, 1.0 and True apart, and makes a SharedMap a dict."""
    return repr(dict(value)) if isinstance(value, SharedMap) else repr(value)


def outcome(call: Callable[[], object]) -> tuple[object, ...]:
    """Give the result of a call, or its error with type and words."""
    try:
        return "returned", exact(call())
    except Exception as error:
        return "raised", type(error), str(error)


class SharedMapBesideDict(RuleBasedStateMachine):
    """Every rule does the same to a dict and to a SharedMap and compares what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[Any, Any] = {}
        self.shared: SharedMap[Any, Any] = SharedMap()
        self.iterations: list[tuple[Iterator[object], Iterator[object]]] = []

    def both(self, call: Callable[[Any], object]) -> None:
        """Do `call` to both, and compare."""
        expected = outcome(lambda: call(self.model))
        actual = outcome(lambda: call(self.shared))

        assert expected == actual

    @rule(key=ANY_KEYS)
    def get_item(self, key: object) -> None:
        """`m[key]`"""
        self.both(lambda m: m[key])

    @rule(key=ANY_KEYS, default=VALUES)
    def get(self, key: object, default: int) -> None:
        """`m.get(key)`, with and without a default."""
        self.both(lambda m: (m.get(key), m.get(key, default)))

    @rule(key=ANY_KEYS)
    def contains(self, key: object) -> None:
        """`key in m`"""
        self.both(lambda m: key in m)

    @rule(key=ANY_KEYS, value=VALUES)
    def set_item(self, key: object, value: int) -> None:
        """`m[key] = value`"""
        self.both(lambda m: m.__setitem__(key, value))

    @rule(key=ANY_KEYS)
    def del_item(self, key: object) -> None:
        """`del m[key]`"""
        self.both(lambda m: m.__delitem__(key))

    @rule(key=ANY_KEYS)
    def pop(self, key: object) -> None:
        """`m.pop(key)`"""
        self.both(lambda m: m.pop(key))

    @rule(key=ANY_KEYS, default=VALUES)
    def pop_default(self, key: object, default: int) -> None:
        """`m.pop(key, default)`"""
        self.both(lambda m: m.pop(key, default))

    @rule()
    def popitem(self) -> None:
        """`m.popitem()`"""
        self.both(lambda m: m.popitem())

    @rule(key=ANY_KEYS, value=VALUES)
    def setdefault(self, key: object, value: int) -> None:
        """`m.setdefault(key)`, with and without a value."""
        self.both(lambda m: (m.setdefault(key, value), m.setdefault(key)))

    @rule()
    def clear(self) -> None:
        """`m.clear()`"""
        self.both(lambda m: m.clear())

    @rule(content=st.one_of(CONTENTS, PAIRS, VALUES))
    def update(self, content: object) -> None:
        """`m.update(...)` of a mapping, of pairs that may be bad, of no mapping at all."""
        self.both(lambda m: m.update(content))

    @rule(content=CONTENTS, value=VALUES)
    def update_by_keywords(self, content: dict[object, int], value: int) -> None:
        """`m.update(..., a=value)`"""
        self.both(lambda m: m.update(content, a=value, z=value))

    @rule(content=st.one_of(CONTENTS, PAIRS))
    def ior(self, content: Any) -> None:
        """`m |= ...`"""
        self.both(lambda m: m.__ior__(content))

    @rule(content=CONTENTS)
    def operators(self, content: dict[object, int]) -> None:
        """`|` from both sides, and comparison."""
        self.both(lambda m: m | content)
        self.both(lambda m: content | m)
        self.both(lambda m: (m == content, m != content, content == m))

    @rule(content=CONTENTS)
    def view_operators(self, content: dict[object, int]) -> None:
        """Set operations of the views; which of two equal keys is in the result is left open."""
        model, shared = self.model, self.shared
        assert model.keys() & content.keys() == shared.keys() & content.keys()
        assert model.keys() | content.keys() == shared.keys() | content.keys()
        assert model.keys() ^ content.keys() == shared.keys() ^ content.keys()
        assert model.items() - content.items() == shared.items() - content.items()
        assert content.items() - model.items() == content.items() - shared.items()
        self.both(lambda m: (m.keys() == content.keys(), m.items() >= content.items()))
        self.both(lambda m: (m.keys().isdisjoint(content), m.items() == content.items()))

    @rule(key=KEYS, value=VALUES)
    def view_contains(self, key: object, value: int) -> None:
        """`in` of the views, and their lengths."""
        self.both(lambda m: (key in m.keys(), value in m.values(), (key, value) in m.items()))  # noqa: SIM118
        self.both(lambda m: (len(m.keys()), len(m.values()), len(m.items())))

    @rule()
    def copy(self) -> None:
        """The copy takes the place of the map: open iterations go on over the old one."""
        self.both(lambda m: m.copy())
        self.model, self.shared = self.model.copy(), self.shared.copy()

    @precondition(lambda self: len(self.iterations) < 4)
    @rule(kind=st.sampled_from(sorted(ITERATIONS)))
    def begin_iteration(self, kind: str) -> None:
        """Open an iteration, to be gone on with later."""
        begin = ITERATIONS[kind]
        self.iterations.append((begin(self.model), begin(self.shared)))

    @precondition(lambda self: self.iterations)
    @rule(data=st.data())
    def go_on_with_iteration(self, data: st.DataObject) -> None:
        """One step of an open iteration, whatever was written since the last."""
        expected, actual = data.draw(st.sampled_from(self.iterations))

        assert outcome(lambda: next(expected)) == outcome(lambda: next(actual))

    @precondition(lambda self: self.iterations)
    @rule()
    def length_hint_is_no_error(self) -> None:
        """`list` of an open iteration ends it, with the same values or the same error."""
        expected, actual = self.iterations.pop(0)

        assert outcome(lambda: list(expected)) == outcome(lambda: list(actual))

    @invariant()
    def content_is_the_same(self) -> None:
        """Same pairs in the same order, whichever way they are asked for."""
        assert exact(list(self.model.items())) == exact(list(self.shared.items()))
        assert exact(list(self.model)) == exact(list(self.shared))
        assert exact(self.model) == exact(self.shared.snapshot())
        assert len(self.model) == len(self.shared)
        assert bool(self.model) == bool(self.shared)


SETTINGS = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def check() -> None:
    """Let Hypothesis look."""
    run_state_machine_as_test(SharedMapBesideDict, settings=SETTINGS)


def test_where_no_task_runs() -> None:
    """Outside any loop."""
    check()


@pytest.mark.parametrize("name", BACKENDS)
def test_inside_a_task(name: str) -> None:
    """Inside one task, which iterates and writes itself."""

    async def program() -> None:
        check()

    run_on(BACKENDS[name], program)
