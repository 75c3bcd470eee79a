"""The import hook: modules beneath the roots are compiled with hooks in them, and nothing else changes.

Rule 1. A root is a folder (a package, or that of a script) or one file. What lies beneath it is instrumented
        when it is imported; what was imported before is not, and is warned of.
Rule 2. The file on disk is only read. Compiled code has a file name of its own in `__pycache__`, with a tag
        that changes with our version, our rules and the names that the roots define.
Rule 3. A module that can't be rewritten is loaded as it is: the program goes before its watcher.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import marshal
import os
import sys
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from anymutex.errors import UsageError
from anymutex.watch import findings, modulehooks
from anymutex.watch.draft import Drafts
from anymutex.watch.hooks import Hooks
from anymutex.watch.livefunctions import functions_of
from anymutex.watch.names import Names, names_in
from anymutex.watch.newnodes import HOOKS
from anymutex.watch.rewriter import Rewriter
from anymutex.watch.statements import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_SKIPPED = {"__pycache__", ".git", "node_modules", "site-packages"}
_MOST_FILES = 2000
_OWN_FOLDER = Path(__file__).resolve().parent.parent
_LIBRARY_FOLDER = Path(ast.__file__).resolve().parent


class Roots:
    """What is to be instrumented."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [path.resolve() for path in paths]
        self._included = [path for path in self._paths if _LIBRARY_FOLDER in path.parents]
        self.names = names_in(_text(file) for path in self._paths for file in _sources_beneath(path))

    def covers(self, file: str) -> bool:
        """Whether the source `file` is beneath a root, and of the program's own."""
        path = Path(file).resolve()
        if _OWN_FOLDER in path.parents or _LIBRARY_FOLDER in path.parents:
            return any(
                path == root or (root in path.parents and root != _OWN_FOLDER) for root in self._included
            )
        return any(
            path == root or (root in path.parents and not _is_skipped(path.relative_to(root)))
            for root in self._paths
        )

    def already_imported(self) -> list[str]:
        """Modules beneath the roots that came too early."""
        files = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
        return [
            name
            for name, file in files
            if file and file.endswith(".py") and self.covers(file) and name not in modulehooks.modules
        ]


def _is_skipped(path: Path) -> bool:
    return any(part in _SKIPPED or part.startswith(".") for part in path.parts)


def code_of(source: bytes | str, file: str, names: Names, *, optimize: int = -1) -> CodeType:
    """Compile `source` with hooks in it."""
    tree = ast.parse(source, file)
    drafts = analyse(tree, Drafts(names))
    Rewriter(drafts).module(tree)
    code: CodeType = compile(tree, file, "exec", dont_inherit=True, optimize=optimize)
    return code


def code_of_file(file: Path, names: Names) -> CodeType:
    """The same of a script, which has no cache."""
    return code_of(file.read_bytes(), str(file.resolve()), names)


class InstrumentingLoader(importlib.machinery.SourceFileLoader):
    """Loads a source file with hooks in it."""

    def __init__(self, name: str, path: str, names: Names) -> None:
        super().__init__(name, path)
        self._names = names

    def get_code(self, fullname: str) -> CodeType:
        """The instrumented code, from its own cache if that is fresh."""
        path = self.get_filename(fullname)
        cached = _cache_file(path, self._names.digest)
        stamp = _stamp_of(path)
        code = _from_cache(cached, stamp)
        if code is None:
            code = self.source_to_code(self.get_data(path), path)
            _to_cache(cached, stamp, code)
        return code

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Compile with hooks; a module that we can't rewrite is compiled as it is."""
        try:
            return code_of(data, os.fsdecode(path), self._names, optimize=_optimize)
        except SyntaxError:
            return super().source_to_code(data, path)
        except Exception as error:  # rule 3
            findings.complain(error)
            return super().source_to_code(data, path)


class InstrumentingFinder:
    """Finds what lies beneath the roots, in front of all other finders."""

    def __init__(self, roots: Roots) -> None:
        self.roots = roots
        self._is_asking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the next finder says, with our loader in place of Python's own for source files."""
        spec = self._ask_the_others(name, path, target)
        if spec is None or spec.origin is None or not self.roots.covers(spec.origin):
            return spec
        if type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = InstrumentingLoader(spec.loader.name, spec.loader.path, self.roots.names)
        return spec

    def _ask_the_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self:
                find = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(name, path, target) if find else None
                if spec is not None:
                    return spec
        return None


@contextmanager
def instrumenting(roots: Sequence[Path]) -> Iterator[Roots]:
    """Instrument what is imported from beneath `roots` in the block."""
    made = Roots(roots)
    finder: Any = InstrumentingFinder(made)
    sys.meta_path.insert(0, finder)
    try:
        yield made
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


def install(*packages: str) -> None:
    """Instrument packages that are going to be imported, for the rest of the process.

    Args:
        packages: Their names.

    Raises:
        UsageError: There is no such package, or it has been imported already.

    Example:
        >>> install("os")
        Traceback (most recent call last):
            ...
        anymutex.errors.UsageError: os is imported already: call install() before
    """
    folders = []
    for package in packages:
        if package in sys.modules:
            raise UsageError(f"{package} is imported already: call install() before")
        folder = folder_of(package)
        if folder is None:
            raise UsageError(f"there is no package {package}")
        folders.append(folder)
    finder: Any = InstrumentingFinder(Roots(folders))
    sys.meta_path.insert(0, finder)


def instrument_in_place(*modules: ModuleType) -> None:
    """Put hooks into modules that were imported before: their functions get new code, and stay the same.

    Modules that call each other belong in one call: what the others define is watched only then.

    For programs that are given as a function, as `explore` gets them. A function that was made before by
    another function, and shares names with it that are assigned anew, stays as it is; so do lambdas of which
    one line has several, for nothing tells which is which.

    Raises:
        UsageError: A module's source can't be found or read.
    """
    files = {module.__name__: _file_of(module) for module in modules}
    names = names_in(_text(Path(file)) for file in files.values())
    for module in modules:
        if HOOKS not in vars(module):
            _instrument(module, files[module.__name__], names)


def _file_of(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py"):
        raise UsageError(f"{module.__name__} has no source file: its races can't be watched")
    return str(file)


def _instrument(module: ModuleType, file: str, names: Names) -> None:
    code = code_of(Path(file).read_bytes(), file, names)
    made: dict[tuple[str, int], list[CodeType]] = {}
    for inner in _all_code(code):
        made.setdefault((inner.co_qualname, inner.co_firstlineno), []).append(inner)
    for function in functions_of(module):
        old = function.__code__
        match made.get((old.co_qualname, old.co_firstlineno)):
            case [new] if new.co_freevars == old.co_freevars:
                function.__code__ = new
    table = next(filter(_is_table, code.co_consts), ())
    vars(module)[HOOKS] = Hooks(vars(module), table, file)


def _all_code(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _all_code(constant)


def _is_table(constant: object) -> bool:
    return isinstance(constant, tuple) and bool(constant) and isinstance(constant[0], tuple)


def folder_of(package: str) -> Path | None:
    """The folder of a package, or the file of a module, that `--include` names."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return None if spec.origin is None else Path(spec.origin)


def _sources_beneath(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    count = 0
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
        for file in files:
            if file.endswith(".py"):
                count += 1
                yield Path(folder, file)
        if count > _MOST_FILES:
            return


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _cache_file(path: str, digest: str) -> Path:
    tag = f"anymutex-{_rules_digest()}-{digest}"
    plain = Path(importlib.util.cache_from_source(path))
    return plain.with_name(f"{plain.stem}.{tag}.pyc")


@cache
def _rules_digest() -> str:
    """Changes with our version, and with each change of the files that decide what is rewritten."""
    digest = blake2b(_own_version().encode(), digest_size=4)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _own_version() -> str:
    try:
        return version("anymutex")
    except PackageNotFoundError:
        return "0"


def _stamp_of(path: str) -> tuple[int, int]:
    stat = os.stat(path)
    return stat.st_mtime_ns, stat.st_size


def _from_cache(file: Path, stamp: tuple[int, int]) -> CodeType | None:
    try:
        with open(file, "rb") as opened:
            found = marshal.load(opened)
    except (OSError, EOFError, ValueError, TypeError):
        return None
    if not isinstance(found, tuple) or found[:2] != (importlib.util.MAGIC_NUMBER, stamp):
        return None
    code: CodeType = found[2]
    return code


def _to_cache(file: Path, stamp: tuple[int, int], code: CodeType) -> None:
    if sys.dont_write_bytecode:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)  # with a cache prefix there may be none of them
        part = file.with_name(f"{file.name}.{os.getpid()}")
        part.write_bytes(marshal.dumps((importlib.util.MAGIC_NUMBER, stamp, code)))
        part.replace(file)
    except OSError:
        pass
