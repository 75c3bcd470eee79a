"""The options that `python FILE` and the `anymutex` command share, and how bad ones are told: in one line.

Rule 1. What follows `--` is the program's own, untouched.
Rule 2. No abbreviations: a new option must not change the meaning of somebody's script.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from anymutex.doors import backends
from anymutex.errors import UsageError

if TYPE_CHECKING:
    from anymutex.doors.backends import Backend
    from anymutex.doors.program import Program

BACKEND_NAMES = "|".join(backend.name for backend in backends.KNOWN)


class RunOptions(NamedTuple):
    """How to run a program, after the command line and the program's own wishes were weighed."""

    backends: list[Backend]
    seconds: float | None
    json: str | None


class Parser(argparse.ArgumentParser):
    """argparse, but a bad command line is a `UsageError`: one line instead of a usage text."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Turn argparse's message into our exception."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def split_at_dashes(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our arguments and, after the first `--`, the program's own.

    >>> split_at_dashes(["--seconds", "1", "--", "--seconds", "2"])
    (['--seconds', '1'], ['--seconds', '2'])
    """
    if "--" not in argv:
        return argv, []
    position = argv.index("--")
    return argv[:position], argv[position + 1 :]


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """The options of `run`, for a script and for the command alike."""
    parser.add_argument("--backend", metavar=f"{BACKEND_NAMES}|all", help="the event loop (default: asyncio)")
    add_seconds(parser)
    add_json(parser, "a list of the reports")


def add_backends(parser: argparse.ArgumentParser) -> None:
    """`--backend` for a command that takes several: repeated, or with commas."""
    parser.add_argument(
        "--backend",
        action="extend",
        type=lambda text: text.split(","),
        metavar=BACKEND_NAMES,
        help="may be repeated, or a list with commas (default: asyncio, uvloop if installed, trio)",
    )


def add_explore_options(parser: argparse.ArgumentParser) -> None:
    """What `explore` takes as keyword arguments."""
    parser.add_argument(
        "--backend",
        action="extend",
        type=lambda text: text.split(","),
        metavar="asyncio|trio|all",
        help="may be repeated, or a list with commas (default: all)",
    )
    for name, kind, default, text in (
        ("--schedules", count, None, "at most N on each backend (default: 1000, and 16 of each suspect)"),
        ("--seconds", positive, 60.0, "at most N seconds in all (default: 60)"),
        ("--seed", int, 0, "of the strategies that draw (default: 0)"),
    ):
        parser.add_argument(name, type=kind, default=default, metavar="N", help=text)
    parser.add_argument(
        "--cancellation", action="store_true", help="cancel tasks too, at each of their awaits"
    )
    parser.add_argument(
        "--early-timers",
        type=positive,
        default=0.0,
        metavar="SECONDS",
        help="let timers fire up to so many seconds before they are due",
    )


def add_suspects(parser: argparse.ArgumentParser) -> None:
    """`--suspects` of `explore`."""
    parser.add_argument(
        "--suspects", metavar="PATH", help="force the suspects there, which race --suspects wrote, instead"
    )


def add_races(parser: argparse.ArgumentParser) -> None:
    """`--races`, for `explore` and `replay`."""
    parser.add_argument("--races", action="store_true", help="an await race that happens is a failure too")


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """`--json`, with what it writes."""
    parser.add_argument("--json", metavar="PATH", help=f"write {what} there as JSON; - is stdout")


def add_seconds(parser: argparse.ArgumentParser) -> None:
    """`--seconds`, which every subcommand with a program has."""
    parser.add_argument("--seconds", type=positive, metavar="N", help="cancel the program after N seconds")


def weighed(asked: argparse.Namespace, program: Program[Any]) -> RunOptions:
    """The command line beats what the program asked for itself.

    Raises:
        UsageError: The backend is unknown or not installed.
    """
    seconds = program.seconds if asked.seconds is None else asked.seconds
    if asked.backend == "all":
        return RunOptions(backends.installed(), seconds, asked.json)
    backend = backends.backend_named(asked.backend or program.backend or "asyncio")
    return RunOptions([backend], seconds, asked.json)


def of_script(argv: list[str], program: Program[Any]) -> RunOptions:
    """Read a script's command line; `argv` is left with the script and the program's own arguments.

    Raises:
        UsageError: An option is unknown or has a bad value.
    """
    parser = Parser(prog=argv[0], epilog="The program's own arguments go after --.")
    add_run_options(parser)
    ours, argv[1:] = split_at_dashes(argv[1:])
    return weighed(parser.parse_args(ours), program)


def positive(text: str) -> float:
    """Read a number of seconds.

    Raises:
        argparse.ArgumentTypeError: It is none, or not above 0.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def count(text: str) -> int:
    """Read a whole number above 0.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
