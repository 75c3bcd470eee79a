"""What is known of the built-in containers: which method does what, and how to look into one safely.

Rule 1. A container is a list, dict, set or deque, or a subclass. It is looked into through the methods of
        these base classes alone: a subclass's own `__contains__` or `__getitem__` may delete or reorder.
Rule 2. `STRUCTURE` stands for which elements there are, and in what order, beside the single keys;
        `CONTENTS` for all of it, the elements themselves included.
Rule 3. What changes the order alone is a write of `STRUCTURE`, never of a key of a dict; in a list or deque
        other elements stand at the positions afterwards.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

STRUCTURE: Final = "*"
CONTENTS: Final = "**"

KEYED_READS = frozenset({"get", "index", "count", "__getitem__", "__contains__"})
WHOLE_READS = frozenset({"keys", "values", "items", "copy"})
ADDING = frozenset(
    {"append", "appendleft", "add", "insert", "extend", "extendleft", "update", "__setitem__", "setdefault"}
    | {"heappush", "insort", "insort_left", "insort_right"}
)
CONSUMING = frozenset(
    {"pop", "popleft", "popitem", "remove", "discard", "clear", "__delitem__"}
    | {"heappop", "heapreplace", "heappushpop"}
)
REORDERING = frozenset({"sort", "reverse", "rotate", "move_to_end", "heapify", "shuffle"})
CHANGING = ADDING | CONSUMING | REORDERING
REMOVING = CONSUMING | {"del", "delattr"}
# Functions of heapq, bisect and random: what they change is their first argument.
CHANGING_FUNCTIONS = frozenset(
    {
        "heappush", "heappop", "heapreplace", "heappushpop", "heapify", "shuffle",
        "insort", "insort_left", "insort_right",
    }
)  # fmt: skip
FROM_THE_FRONT = frozenset({"popleft", "heappop", "heapreplace", "heappushpop"})
# Of these the first argument is the key, in a dict or a set.
KEYED_CHANGES = frozenset(
    {"add", "discard", "insert", "move_to_end", "pop", "remove", "setdefault", "__setitem__", "__delitem__"}
)
# They read all elements of their argument.
WHOLE_BUILTINS = frozenset(
    {
        "all",
        "any",
        "dict",
        "enumerate",
        "frozenset",
        "list",
        "max",
        "min",
        "reversed",
        "set",
        "sorted",
        "sum",
        "tuple",
    }
)
BY_POSITION = frozenset({"[]", "insert", "pop", "del"})

MISSING: Final = object()
_BASES = (dict, list, set, deque)
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))


class _BaseOf(dict[type, Any]):
    """Which built-in container a type is, looked up once a type."""

    def __missing__(self, kind: type) -> type | None:
        base = next((base for base in _BASES if issubclass(kind, base)), None)
        self[kind] = base
        return base


base_of = _BaseOf()


def is_view(value: object) -> bool:
    """Whether `value` is a live view of a dict."""
    return isinstance(value, _VIEWS)


def has(container: Any, key: object) -> bool:
    """Whether `key` is in `container`; False for a key that can't be."""
    try:
        return bool(base_of[type(container)].__contains__(container, key))
    except Exception:
        return False


def size_of(container: Any) -> int:
    """How many elements `container` has."""
    return int(base_of[type(container)].__len__(container))


def item_of(container: Any, key: object) -> Any:
    """What `container` has at `key`, or MISSING."""
    base = base_of[type(container)]
    try:
        if base is dict:
            return dict.get(container, key, MISSING)
        return MISSING if base is set or base is None else base.__getitem__(container, key)
    except Exception:
        return MISSING


def attribute_of(thing: Any, name: str) -> Any:
    """What the attribute `name` holds, without running code of the user's; MISSING if that can't be told."""
    try:
        own = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        own = {}
    if name in own:
        return own[name]
    for kind in type(thing).__mro__:
        if name in kind.__dict__:
            return _of_class(kind.__dict__[name], thing)
    return MISSING


def is_computed(thing: Any, name: str) -> bool:
    """Whether an attribute is none of the object's own, but made up by a property or the like."""
    for kind in type(thing).__mro__:
        if name in kind.__dict__:
            found = kind.__dict__[name]
            return hasattr(type(found), "__set__") and type(found).__name__ != "member_descriptor"
    return False


def _of_class(found: Any, thing: object) -> Any:
    if type(found).__name__ == "member_descriptor":  # a slot
        try:
            return found.__get__(thing)
        except AttributeError:
            return MISSING
    return MISSING if hasattr(type(found), "__get__") else found
