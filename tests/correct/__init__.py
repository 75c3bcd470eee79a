"""Correct programs, one family a file: under no schedule may any of them fail.

Each public async function of a module is a program; it makes all it needs itself and asserts what has to be
true, whatever the order of the steps. In a module that has `KINDS` it is one for each: it is given what makes
a thing of that kind. The families on anyio's primitives go through what anyio's own test
suite asks of them. Those in `threads` need a driver that drives worker threads.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import ModuleType

    Program = Callable[[], Awaitable[Any]]


def families() -> list[ModuleType]:
    """The modules."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


def programs() -> dict[str, Program]:
    """All programs by name: `streams.sent_in_order`, or `every_lock.shared_by_three.Mutex`."""
    return {name: program for family in families() for name, program in _programs_of(family)}


def _programs_of(family: ModuleType) -> Iterator[tuple[str, Program]]:
    for name, function in vars(family).items():
        if (
            inspect.iscoroutinefunction(function)
            and function.__module__ == family.__name__
            and name[0] != "_"
        ):
            path = f"{family.__name__.rpartition('.')[2]}.{name}"
            if kinds := getattr(family, "KINDS", None):
                yield from ((f"{path}.{kind}", partial(function, make)) for kind, make in kinds.items())
            else:
                yield path, function
