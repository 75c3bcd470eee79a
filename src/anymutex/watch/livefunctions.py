"""The functions of a module that has been imported, wherever they are kept.

Rule 1. The collector knows all of them, but not while they are frozen (`gc.freeze`). So they are looked for
        in what the module can reach, too: its classes, properties, decorated functions, registries.
Rule 2. Other modules' names, and data without end, are not gone through.
"""

from __future__ import annotations

import gc
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LOOKED_AT = 200_000


def functions_of(module: ModuleType) -> list[FunctionType]:
    """Those whose globals are the module's, each once."""
    names = vars(module)
    found = {
        id(one): one
        for one in (*gc.get_referrers(names), *_reachable_from(names))
        if isinstance(one, FunctionType) and one.__globals__ is names
    }
    return list(found.values())


def _reachable_from(names: dict[str, Any]) -> Iterator[object]:
    seen = {id(names)}
    todo = list(names.values())
    while todo and len(seen) < MOST_LOOKED_AT:
        one = todo.pop()
        if id(one) in seen or _is_foreign(one, names):
            continue
        seen.add(id(one))
        yield one
        todo += gc.get_referents(one)


def _is_foreign(one: object, names: dict[str, Any]) -> bool:
    """Whether what is behind it belongs to another module."""
    if isinstance(one, FunctionType):
        return one.__globals__ is not names and not hasattr(one, "__wrapped__")
    if isinstance(one, type):
        return one.__module__ != names.get("__name__")
    return isinstance(one, ModuleType) or (isinstance(one, dict) and "__builtins__" in one)
