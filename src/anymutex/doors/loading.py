"""FILE[:function] becomes a program, as `python FILE` would load it.

Rule 1. The file is a module that `sys.modules` knows under its own name, not as `__main__`: pickling,
        dataclasses and `typing.get_type_hints` work, and `if __name__ == "__main__":` does not run it.
Rule 2. While it is loaded, `anymutex.run(...)` at its top level only notes what it would run.
Rule 3. `sys.argv`, `sys.path` and `sys.modules` are afterwards what they were: each run gets a fresh module.
Rule 4. What is wrong with FILE is one line; what FILE itself raises is its own.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anymutex.doors.program import Program, why_not_a_main
from anymutex.errors import UsageError
from anymutex.running import noting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, ModuleType


class Target(NamedTuple):
    """What `FILE[:function]` on the command line names."""

    file: Path
    function: str | None = None


def target_of(text: str) -> Target:
    """Read `FILE[:function]`; a file whose name has a colon in it wins over a function.

    >>> target_of("shop.py:serve").function
    'serve'
    """
    head, colon, tail = text.rpartition(":")
    if colon and tail.isidentifier() and not Path(text).exists():
        return Target(Path(head), tail)
    return Target(Path(text))


@contextmanager
def loaded(
    target: Target, arguments: list[str], compiled: Callable[[Path], CodeType] | None = None
) -> Iterator[Program[Any]]:
    """Keep the program that `target` names loaded for the length of a block.

    Args:
        target: The file, and its function if it is another than `main`.
        arguments: What the program finds in `sys.argv[1:]`.
        compiled: How to compile the file, if not as Python does.

    Raises:
        UsageError: There is no such file or function, or it can't be a program.
        Exception: Whatever the file raised while it was loaded.
    """
    code = _compiled(target.file)
    if compiled is not None:  # what is wrong with the file has been said by now
        code = compiled(target.file)
    module = _new_module(target.file)
    with _as_python_would(target.file, arguments), _known(module), noting(module.__name__) as noted:
        exec(code, module.__dict__)
        yield _program_in(module, target, noted)


def _compiled(file: Path) -> CodeType:
    try:
        return compile(file.read_bytes(), str(file.resolve()), "exec", dont_inherit=True)
    except FileNotFoundError:
        raise UsageError(f"no such file: {file}") from None
    except IsADirectoryError:
        raise UsageError(f"{file} is a directory, not a Python file") from None
    except OSError as error:
        raise UsageError(f"can't read {file}: {error.strerror}") from None
    except SyntaxError as error:
        place = f"{file}:{error.lineno}" if error.lineno else str(file)
        raise UsageError(f"{place}: {error.msg}") from None
    except ValueError as error:  # null bytes, until Python 3.12 made that a SyntaxError
        raise UsageError(f"{file}: {error}") from None


def _new_module(file: Path) -> ModuleType:
    # A file called like a module that is there already must not take its place.
    name = f"{file.stem}_program" if file.stem in sys.modules else file.stem
    path = str(file.resolve())
    spec = spec_from_file_location(name, path, loader=SourceFileLoader(name, path))
    assert spec is not None  # only without a loader
    return module_from_spec(spec)


@contextmanager
def _as_python_would(file: Path, arguments: list[str]) -> Iterator[None]:
    argv, path = sys.argv, list(sys.path)
    sys.argv = [str(file), *arguments]
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path


@contextmanager
def _known(module: ModuleType) -> Iterator[None]:
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        sys.modules.pop(module.__name__, None)


def _program_in(module: ModuleType, target: Target, noted: list[Program[Any]]) -> Program[Any]:
    if target.function is None and noted:
        program, name = _only(noted, target), "main"
    else:
        name = target.function or "main"
        program = Program(_attribute(module, name, target))
    if reason := why_not_a_main(program.main):
        raise UsageError(f"{target.file}: {name} {reason}")
    return program


def _only(noted: list[Program[Any]], target: Target) -> Program[Any]:
    if len(noted) > 1:
        raise UsageError(f"{target.file} runs {len(noted)} programs: name one, as in {target.file}:main")
    return noted[0]


def _attribute(module: ModuleType, name: str, target: Target) -> Any:
    if not hasattr(module, name):
        raise UsageError(f"{target.file} has no {name}: write `async def {name}()`, or give FILE:function")
    return getattr(module, name)
