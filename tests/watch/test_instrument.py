"""Modules get hooks when they are imported, from their own cache, or in place; all else stays what it was."""

from __future__ import annotations

import importlib
import sys
import textwrap
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from turns import BACKENDS, run_on

from anymutex.errors import UsageError
from anymutex.watch import instrument
from anymutex.watch.instrument import instrument_in_place, instrumenting
from anymutex.watch.race import RaceWatch, detect_races

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTER = """
    import anyio
    from anyio.lowlevel import checkpoint

    class Counter:
        def __init__(self):
            self.n = 0

        async def up(self):
            n = self.n
            await checkpoint()
            self.n = n + 1

    counter = Counter()

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(counter.up)
            group.start_soon(counter.up)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that modules are imported from, and forget them afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    importlib.invalidate_caches()


def write(folder: Path, name: str, source: str) -> Path:
    """Write a module."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(source), encoding="utf-8")
    importlib.invalidate_caches()
    return file


def races_of(module: Any) -> list[str]:
    """Run the module's `main` and give the kinds of the races."""
    with RaceWatch() as watch:
        run_on(BACKENDS["trio"], module.main)
    return [race.kind for race in watch.races]


@pytest.mark.parametrize("name", ["plain", "package.inner", "namespace.deep.module"])
def test_what_is_imported_is_watched(folder: Path, name: str) -> None:
    """Modules, modules of packages, and those of folders that are no packages."""
    write(folder, f"{name.replace('.', '/')}.py", COUNTER)
    if name.startswith("package"):
        write(folder, "package/__init__.py", '"""A package."""\nfrom package.inner import main\n')
    with instrumenting([folder]):
        module = importlib.import_module(name)

    assert races_of(module) == ["lost-update"]


def test_the_cache_is_used_and_renewed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second import compiles nothing, a changed file is compiled anew; Python's own is not touched."""
    file = write(folder, "cached.py", COUNTER)
    compiled: list[str] = []
    real = instrument.code_of

    def counted(*arguments: Any, **options: Any) -> Any:
        compiled.append("x")
        return real(*arguments, **options)

    monkeypatch.setattr(instrument, "code_of", counted)
    for _ in range(2):
        with instrumenting([folder]):
            assert races_of(importlib.import_module("cached")) == ["lost-update"]
        del sys.modules["cached"]
    once = len(compiled)
    file.write_text(file.read_text(encoding="utf-8").replace("n + 1", "self.n + 1"), encoding="utf-8")
    with instrumenting([folder]):
        changed = importlib.import_module("cached")

    assert (once, races_of(changed)) == (1, [])
    caches = list(Path(cache_from_source(str(file))).parent.iterdir())
    assert caches
    assert all("anymutex-" in path.name for path in caches)


def test_a_module_with_an_error_fails_as_ever(folder: Path) -> None:
    """A syntax error is Python's own."""
    write(folder, "broken.py", "def f(:\n")

    with instrumenting([folder]), pytest.raises(SyntaxError, match="invalid syntax"):
        importlib.import_module("broken")


def test_a_module_is_watched_in_place(folder: Path) -> None:
    """What was imported long ago gets hooks, and stays the same objects."""
    write(folder, "early.py", COUNTER)
    module: Any = importlib.import_module("early")
    before = races_of(module), module.main, module.counter
    instrument_in_place(module)

    assert before == ([], module.main, module.counter)
    assert races_of(module) == ["lost-update"]
    assert module.counter.n == 2


def test_lambdas_of_one_line_stay_themselves(folder: Path) -> None:
    """Nothing tells which is which, so none of them gets the code of another."""
    write(folder, "lambdas.py", "both = [lambda: 1, lambda: 2]\nalone = lambda: 3\n")
    module: Any = importlib.import_module("lambdas")
    instrument_in_place(module)

    values = [one() for one in (*module.both, module.alone)]

    assert values == [1, 2, 3]


def test_what_was_imported_too_early_is_known(folder: Path) -> None:
    """The command warns of it, for nothing will be seen there."""
    write(folder, "too_early.py", COUNTER)
    importlib.import_module("too_early")

    with instrumenting([folder]) as roots:
        assert roots.already_imported() == ["too_early"]
    with pytest.raises(UsageError, match="imported already"):
        instrument.install("too_early")


def test_nothing_found_is_no_omission(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is watched, that is an error, and no empty list."""
    monkeypatch.setattr("anymutex.watch.modulehooks.modules", [])

    with pytest.raises(UsageError, match="nothing is instrumented"), detect_races():
        pass


def test_detect_races_gives_them(folder: Path) -> None:
    """The list grows while the block runs."""
    write(folder, "seen.py", COUNTER)
    with instrumenting([folder]):
        module: Any = importlib.import_module("seen")
    with detect_races() as found:
        run_on(BACKENDS["asyncio"], module.main)
        kinds = [race.kind for race in found]

    assert kinds == ["lost-update"]
