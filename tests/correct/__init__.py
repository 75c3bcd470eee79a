"""Correct programs, one family a file: under no schedule may any of them fail.

Each public async function of a module is a program; it makes all it needs itself and asserts what has to be
true, whatever the order of the steps. The families on anyio's primitives go through what anyio's own test
suite asks of them. Those in `threads` need a driver that drives worker threads.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    Program = Callable[[], Awaitable[Any]]


def families() -> list[ModuleType]:
    """The modules."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


def programs() -> dict[str, Program]:
    """All programs by name: `locks.shared_by_three`."""
    return {
        f"{family.__name__.rpartition('.')[2]}.{name}": program
        for family in families()
        for name, program in vars(family).items()
        if inspect.iscoroutinefunction(program) and program.__module__ == family.__name__ and name[0] != "_"
    }
