"""The house keeps its shape: which module may import which, and what must not be imported at all.

Rule 1. doors -> testing -> watch -> words <- primitives <- remote. Primitives don't know they are watched.
Rule 2. No import cycle; what is imported for type checkers alone doesn't count, for it never runs.
Rule 3. No import inside a function, except an optional dependency.
Rule 4. A module's name says what is in it, and no public function bears the name of a module.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

import pytest

import anymutex

if TYPE_CHECKING:
    from collections.abc import Iterator

# A module of the package is in one of these, or in a sub-package, which is a layer of its own.
WORDS = {
    "deadlock",
    "errors",
    "events",
    "holdings",
    "joins",
    "probe",
    "report",
    "rings",
    "runningtest",
    "stacks",
    "starts",
    "tasks",
    "threadframes",
    "waits",
}
DOORS = {"__init__", "__main__", "comparison", "doors", "pytest_plugin", "running"}
# Layer -> what it may import, besides itself.
ARROWS = {
    "words": set[str](),
    "primitives": {"words"},
    "remote": {"primitives", "words"},
    "watch": {"words"},
    "testing": {"watch", "words"},
    "doors": {"testing", "watch", "remote", "primitives", "words"},
}
OPTIONAL_DEPENDENCIES = {"trio", "uvloop"}
EMPTY_NAMES = {"utils", "util", "common", "impl", "helpers", "misc"}
NOT_WITH_THE_PACKAGE = (
    "trio.",
    "uvloop.",
    "anymutex.testing.",
    "anymutex.remote.",
    "anymutex.watch.instrument.",
)

PACKAGE = Path(anymutex.__file__).parent


def name_of(path: Path) -> str:
    """Give a file's name as Python imports it: `primitives/mutex.py` is `anymutex.primitives.mutex`."""
    parts = ("anymutex", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def layer_of(module: str) -> str:
    """Tell in which layer a module is."""
    head, *rest = module.split(".")[1:] or ["__init__"]
    if rest or (MODULES[module].name == "__init__.py" and head != "__init__"):
        return head
    return "words" if head in WORDS else "doors" if head in DOORS else "unknown"


def imports_at_run_time(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Give the imports that are done when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif is_for_type_checkers(child):
            yield from (found for part in child.orelse for found in imports_at_run_time(part))
        elif not is_function(child):
            yield from imports_at_run_time(child)


def is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    """Tell whether this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_function(node: ast.AST) -> bool:
    """Tell whether this is code that runs later than its module."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Give all imports, those of functions and for type checkers too."""
    yield from (child for child in ast.walk(node) if isinstance(child, ast.Import | ast.ImportFrom))


def imports_in_functions(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Give the imports that are done when a function is called."""
    for function in filter(is_function, ast.walk(tree)):
        yield from imports(function)


def names_imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Give the modules that an import loads: of `from anymutex import probe` it is `anymutex.probe`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    for alias in node.names:
        submodule = f"{node.module}.{alias.name}"
        yield submodule if submodule in MODULES else str(node.module)


def edges(module: str) -> set[str]:
    """Give the modules of the package that a module imports."""
    found = {name for node in imports_at_run_time(TREES[module]) for name in names_imported(node)}
    return found & MODULES.keys()


def test_a_module_has_a_layer() -> None:
    """A new module at the top is either a word or a door; a new sub-package has its arrows in the table."""
    homeless = [module for module in MODULES if layer_of(module) not in ARROWS]

    assert homeless == [], "write the module into WORDS or DOORS at the top of this file"


def test_arrows() -> None:
    """A module imports from its own layer, and from those that the table allows to it, types included."""
    against = [
        f"{module} imports {name}"
        for module, tree in TREES.items()
        for name in sorted({name for node in imports(tree) for name in names_imported(node)} & MODULES.keys())
        if layer_of(name) not in ARROWS[layer_of(module)] | {layer_of(module)}
    ]

    assert against == []


def test_no_cycle() -> None:
    """The modules can be put in an order in which each imports only earlier ones."""
    try:
        TopologicalSorter({module: edges(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(reversed(error.args[1]))}")


def test_no_relative_import() -> None:
    """Imports are written in full: the tests of this file read them as they stand."""
    relative = [
        f"{module}:{node.lineno}"
        for module, tree in TREES.items()
        for node in imports(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


def test_imports_in_functions_are_of_optional_dependencies() -> None:
    """What is imported late is what may be missing, or what no user should pay for who has no use for it."""
    late = [
        f"{module} imports {name}"
        for module, tree in TREES.items()
        for node in imports_in_functions(tree)
        for name in names_imported(node)
        if name.partition(".")[0] not in OPTIONAL_DEPENDENCIES
    ]

    assert late == []


def test_no_public_function_is_named_like_a_module() -> None:
    """Else `from anymutex.x import y` gives a function or a module, whichever was bound last."""
    stems = {path.stem for path in MODULES.values()}
    clashes = [
        f"{module}.{node.name}"
        for module, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in stems
    ]

    assert clashes == []


def test_a_name_says_what_is_inside() -> None:
    """No drawer for things that found no other place."""
    drawers = [module for module in MODULES if set(re.split(r"[._]+", module)) & EMPTY_NAMES]

    assert drawers == []


def test_importing_the_package_is_cheap() -> None:
    """`import anymutex` loads no other backend than the program's own, and nothing that only tests need."""
    code = "import sys, anymutex; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    unwanted = [name for name in output.stdout.split() if f"{name}.".startswith(NOT_WITH_THE_PACKAGE)]

    assert not unwanted
