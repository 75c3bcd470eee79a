"""Watched: a program whose await races count as failures, with hooks put into the code around it.

Rule 1. What is watched is the program's module, and what it has imported, directly or not, as long as that
        is neither installed nor Python's own: a test watches the code that it tests. The functions there
        stay the same objects and get other code, for the rest of the process. More is watched if
        `instrument.install` has seen to it before.
Rule 2. A race is a failure of a run that does not fail otherwise.
"""

from __future__ import annotations

import inspect
import sys
import sysconfig
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from anymutex.errors import UsageError
from anymutex.testing.repetition import Repeatable
from anymutex.watch.instrument import instrument_in_place
from anymutex.watch.race import RaceWatch
from anymutex.watch.suppressions import Suppressions, patterns_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from anymutex.watch.racereport import AwaitRace
    from anymutex.watch.suspect import Suspect

INSTALLED = {"site-packages", "dist-packages"}
STDLIB = Path(sysconfig.get_path("stdlib")).resolve()


def put_hooks_around(program: object) -> list[str]:
    """Instrument the module of `program`, and what it has imported that is not installed.

    Returns:
        Their files.

    Raises:
        UsageError: It has no module whose source could be read.
    """
    module = _module_of(program)
    if module is None or not getattr(module, "__file__", None):
        raise UsageError(f"{program!r} has no source file: its races can't be watched")
    own_modules = _own_modules(module)
    instrument_in_place(*own_modules)
    return [str(own.__file__) for own in own_modules]


class Watch:
    """Says what is seen in each run.

    Args:
        is_on: Whether races count at all.
        only: If given, a race counts only if it comes of this suspect.
    """

    def __init__(self, *, is_on: bool, only: Suspect | None = None) -> None:
        patterns = patterns_in(Path("pyproject.toml")) if is_on else []
        self._suppressions = None
        if is_on:
            self._suppressions = Suppressions(patterns) if only is None else _AllOthers(patterns, only)

    @contextmanager
    def one_run(self) -> Iterator[list[AwaitRace]]:
        """The races of what is run in the block."""
        watching: AbstractContextManager[Any] = nullcontext()
        if self._suppressions is not None:
            watching = RaceWatch(suppressions=self._suppressions)
        with watching as watch:
            yield [] if watch is None else watch.races


class _AllOthers(Suppressions):
    """Keeps quiet what does not come of one suspect."""

    def __init__(self, patterns: list[str], suspect: Suspect) -> None:
        super().__init__(patterns)
        self._suspect = suspect

    def covers(self, race: AwaitRace) -> bool:
        """Whether `race` is to be kept quiet."""
        return not self._suspect.is_shown_by(race) or super().covers(race)


def _module_of(program: Any) -> ModuleType | None:
    while True:
        if isinstance(program, Repeatable):
            program = program.program
        elif isinstance(program, partial):
            program = program.func
        else:
            break
    return sys.modules.get(getattr(inspect.unwrap(program), "__module__", None) or type(program).__module__)


def _own_modules(start: ModuleType) -> list[ModuleType]:
    """`start`, and what it has imported, and so on."""
    found: dict[str, ModuleType] = {}
    todo = [start]
    while todo:
        module = todo.pop()
        if module.__name__ in found or not (module is start or _is_own(module)):
            continue
        found[module.__name__] = module
        names = {_home_of(value) for value in list(vars(module).values())}
        todo += [sys.modules[name] for name in sorted(names) if name in sys.modules]
    return list(found.values())


def _home_of(value: object) -> str:
    """The name of a module, or that of the module where a class or a function was made."""
    name = getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", None)
    return name if isinstance(name, str) else ""


def _is_own(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py") or module.__name__.partition(".")[0] == "anymutex":
        return False
    path = Path(file).resolve()
    return not any(part in INSTALLED for part in path.parts) and STDLIB not in path.parents
