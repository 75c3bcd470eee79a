"""`run(main)`: `anyio.run` with manners, the same for `python FILE` and for `anymutex run FILE`.

Rule 1. Who calls decides. The last line of a script ends the process in an orderly way and reads the command
        line; a file that the command is loading only notes what it would run; anybody else gets the value
        or the exception, and the command line is none of our business.
Rule 2. A conflict or a deadlock that nobody caught is fatal everywhere, as in Go: the report on stderr, exit
        code 2. It says more than any traceback, and a group around it would only hide it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from anymutex.doors import backends, options
from anymutex.doors.endings import STOPPING, ending_of, fatal_in, interrupt_in
from anymutex.doors.finishing import finish, tell
from anymutex.doors.hosting import host
from anymutex.doors.problems import writing_problems
from anymutex.doors.program import Program, why_not_a_main

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import FrameType

    from anymutex.doors.options import RunOptions

T = TypeVar("T")


class Notebook(NamedTuple):
    """What the module that is being loaded would run."""

    module: str
    programs: list[Program[Any]]


_notebooks: list[Notebook] = []


def run(
    main: Callable[[], Awaitable[T]], *, backend: str | None = None, seconds: float | None = None
) -> T | None:
    """Run an async program as `anyio.run` does, and let it end in an orderly way.

    A conflict or a deadlock that the program did not catch is printed as `fatal error: ...`, the only thing
    on stderr, and the process exits with code 2, as in Go. SIGTERM cancels the program, so that its
    `finally` blocks run, and exits with 143; a second one kills.

    As the last line of a script it also reads `--backend asyncio|uvloop|trio|all`, `--seconds N` and
    `--json PATH` from the command line, which beat the arguments here (the program's own arguments go after
    `--`), trims a traceback to the program's own lines, and exits silently with 130 on Ctrl-C and with 141
    when nobody reads the output any more (`| head`). Called from anywhere else it returns or raises.

    Args:
        main: The program: an async function without arguments (`functools.partial` binds some).
        backend: `"asyncio"`, `"uvloop"` or `"trio"`; asyncio if not given.
        seconds: After so many seconds the program is cancelled; None lets it run for ever.

    Returns:
        What `main` returned; None if the seconds were over first.

    Raises:
        UsageError: The backend is unknown or not installed.
        TypeError: `main` is no async function without arguments.
        SystemExit: After a conflict or a deadlock (2) or SIGTERM (143); as a script's last line, for every
            ending but a good one.

    Don't use it inside a running event loop (just await), or where a fatal conflict must not end the process:
    catch `ConflictError` in the program, or give the map an `on_conflict`. It is not a checkpoint.

    Example:
        >>> async def main():
        ...     return 6 * 7
        >>> run(main, backend="asyncio")
        42
    """
    program = Program(main, backend, seconds)
    caller = sys._getframe(1)
    if notebook := _notebook_of(caller):
        notebook.programs.append(program)
        return None
    if _is_script(caller):
        return _run_script(program)
    return _run_embedded(program)


@contextmanager
def noting(module: str) -> Iterator[list[Program[Any]]]:
    """Let calls of `run` at the top level of `module` only note what they would run."""
    notebook = Notebook(module, [])
    _notebooks.append(notebook)
    try:
        yield notebook.programs
    finally:
        _notebooks.remove(notebook)


def run_as_asked(program: Program[T], asked: RunOptions) -> tuple[int, T | None]:
    """Run `program` on each backend asked for, and let each run end in its orderly way.

    Returns:
        The largest exit code, and what the last run returned.
    """
    codes, value = [0], None
    with writing_problems(asked.json):
        for backend in asked.backends:
            code, value = finish(partial(host, program.main, backend, asked.seconds))
            codes.append(code)
            if code in STOPPING:
                break
    return max(codes), value


def checked(program: Program[T]) -> Program[T]:
    """`program` itself.

    Raises:
        TypeError: its main is no async function without arguments.
    """
    if reason := why_not_a_main(program.main):
        name = getattr(program.main, "__qualname__", type(program.main).__name__)
        raise TypeError(f"{name} {reason}")
    return program


def _notebook_of(caller: FrameType) -> Notebook | None:
    return next((note for note in _notebooks if _is_top_level_of(note.module, caller)), None)


def _is_script(caller: FrameType) -> bool:
    """A prompt or a notebook is `__main__` too, but its command line belongs to somebody else."""
    return _is_top_level_of("__main__", caller) and not hasattr(sys, "ps1")


def _is_top_level_of(module: str, caller: FrameType) -> bool:
    return caller.f_code.co_name == "<module>" and caller.f_globals.get("__name__") == module


def _run_embedded(program: Program[T]) -> T | None:
    backend = backends.backend_named(program.backend or "asyncio")
    try:
        return host(checked(program).main, backend, program.seconds)
    except BaseException as error:
        if fatal_in(error):
            raise SystemExit(tell(ending_of(error))) from error
        if interrupt := interrupt_in(error):
            raise interrupt from None
        raise


def _run_script(program: Program[T]) -> T | None:
    code, ended = finish(lambda: _run_from_command_line(program))
    code, value = ended or (code, None)
    if code:
        sys.exit(code)
    return value


def _run_from_command_line(program: Program[T]) -> tuple[int, T | None]:
    asked = options.of_script(sys.argv, program)
    return run_as_asked(checked(program), asked)
