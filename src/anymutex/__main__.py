"""The `anymutex` command: reads the command line and hands over.

Rule 1. Only commands that work are here.
Rule 2. Bad input is one line that begins with `anymutex: `, and exit code 2. No traceback shows our lines.
Rule 3. Exit codes are those of `endings`; `compare` exits with 1 when the backends differ, `explore` and
        `replay` when a schedule fails.
"""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from anymutex.comparison import Comparison
from anymutex.doors import backends, demo, loading, options, problems, racing
from anymutex.doors.finishing import finish
from anymutex.doors.measuring import measure
from anymutex.running import run_as_asked

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from anymutex.doors.backends import Backend
    from anymutex.doors.loading import Target
    from anymutex.doors.options import Parser
    from anymutex.doors.row import Row

PROGRAM_HELP = "a Python file, and its async function (default: what it gives to anymutex.run, or main)"
ARGUMENTS_NOTE = "The program's own arguments go after --."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Its arguments; by default those of the process.

    Returns:
        The exit code.
    """
    code, result = finish(lambda: _dispatch(list(sys.argv[1:] if argv is None else argv)))
    return result or code


def _dispatch(argv: list[str]) -> int:
    ours, theirs = options.split_at_dashes(argv)
    parser = _parser()
    asked = parser.parse_args(ours)
    if asked.command is None:
        parser.print_help()
        return 0
    asked.arguments = theirs
    return int(asked.command(asked))


def _parser() -> Parser:
    parser = options.Parser(prog="anymutex", description="Shared maps and mutexes for async Python.")
    parser.add_argument("--version", action="version", version=f"anymutex {_version()}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_race(commands)
    _add_compare(commands)
    _add_explore(commands)
    _add_replay(commands)
    _add_demo(commands)
    return parser


def _version() -> str:
    try:
        return version("anymutex")
    except PackageNotFoundError:
        return "(not installed)"


def _add_run(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "Run an async program; a conflict or a deadlock is told as in Go and exits with 2."
    parser = commands.add_parser("run", help="run a program", description=text, epilog=ARGUMENTS_NOTE)
    parser.add_argument("program", metavar="FILE[:function]", help=PROGRAM_HELP)
    options.add_run_options(parser)
    parser.set_defaults(command=_run)


def _add_race(commands: argparse._SubParsersAction[Parser]) -> None:
    text = (
        "Run an async program with hooks in it, and tell of each await race that happens: lost updates, "
        "check-then-act and their kin. Exits with 66 if there were any."
    )
    parser = commands.add_parser("race", help="find await races", description=text, epilog=ARGUMENTS_NOTE)
    parser.add_argument("program", metavar="FILE[:function]", help=PROGRAM_HELP)
    racing.add_options(parser)
    parser.set_defaults(command=racing.run)


def _add_compare(commands: argparse._SubParsersAction[Parser]) -> None:
    text = (
        "Run an async program on every backend, loaded afresh for each, and print one table. "
        "What the program itself prints on stdout is thrown away; its stderr is not. "
        "Exits with 1 if outcomes differ. A program that runs for ever needs --seconds."
    )
    parser = commands.add_parser(
        "compare",
        help="run a program on every backend and compare",
        description=text,
        epilog=ARGUMENTS_NOTE,
    )
    parser.add_argument("program", metavar="FILE[:function]", help=PROGRAM_HELP)
    options.add_backends(parser)
    options.add_seconds(parser)
    options.add_json(parser, "the comparison")
    parser.set_defaults(command=_compare)


def _add_explore(commands: argparse._SubParsersAction[Parser]) -> None:
    text = (
        "Run an async program under many schedules, on each backend, and report the first one that fails. "
        "FILE is loaded once: a program makes its locks and maps itself, in each run, for what its module "
        "keeps goes on from one schedule to the next. What it prints on stdout is thrown away. Exits with 1 "
        "if a schedule fails."
    )
    parser = commands.add_parser(
        "explore", help="run a program under many schedules", description=text, epilog=ARGUMENTS_NOTE
    )
    parser.add_argument("program", metavar="FILE[:function]", help=PROGRAM_HELP)
    options.add_explore_options(parser)
    options.add_races(parser)
    options.add_suspects(parser)
    options.add_json(parser, "the verdict and the report")
    parser.set_defaults(command=_behind("anymutex.doors.schedules:explore_file"))


def _add_replay(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "Run an async program under the one schedule that a report names. Exits with 1 if it fails."
    parser = commands.add_parser(
        "replay", help="run one schedule of a program", description=text, epilog=ARGUMENTS_NOTE
    )
    parser.add_argument("token", metavar="TOKEN", help="what the report names, such as v1,3=0.1")
    parser.add_argument("program", metavar="FILE[:function]", help=PROGRAM_HELP)
    parser.add_argument("--backend", metavar="asyncio|trio", default="asyncio", help="(default: asyncio)")
    options.add_races(parser)
    parser.set_defaults(command=_behind("anymutex.doors.schedules:replay_file"))


def _add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    text = "Show a map being broken at an await and cured by a mutex, on every backend that is installed."
    parser = commands.add_parser("demo", help="see it break and be cured", description=text)
    parser.set_defaults(command=_demo)


def _run(asked: argparse.Namespace) -> int:
    with loading.loaded(loading.target_of(asked.program), asked.arguments) as program:
        code, _ = run_as_asked(program, options.weighed(asked, program))
    return code


def _compare(asked: argparse.Namespace) -> int:
    target = loading.target_of(asked.program)
    chosen = backends.chosen(asked.backend) if asked.backend else backends.comparable()
    comparison = Comparison(tuple(_measured(target, asked, backend) for backend in chosen))
    print(comparison)
    if asked.json:
        problems.write_json(asked.json, comparison.to_json())
    return 0 if comparison.same else 1


def _measured(target: Target, asked: argparse.Namespace, backend: Backend) -> Row:
    with (
        open(os.devnull, "w", encoding="utf-8") as null,
        redirect_stdout(null),
        loading.loaded(target, asked.arguments) as program,
    ):
        return measure(program.main, backend, program.seconds if asked.seconds is None else asked.seconds)


def _behind(door: str) -> Callable[[argparse.Namespace], int]:
    """A command whose door is opened when it is asked for: it loads trio, for which no other has to wait."""
    return lambda asked: int(resolve_name(door)(asked))


def _demo(asked: argparse.Namespace) -> int:
    code = demo.show(backends.installed())
    for line in backends.left_out():
        print(f"\nLeft out: {line}")
    return code


if __name__ == "__main__":
    sys.exit(main())
