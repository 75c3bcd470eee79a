"""`anymutex explore` and `anymutex replay`: the program in a file under many schedules, or under one.

Rule 1. FILE is loaded once for all schedules, as a test module is: a fresh load for each would take longer
        than its run. What must be new in each run the program makes itself; a failure that needs what an
        earlier run has left behind is told as not reproducible.
Rule 2. What a program prints while it is explored is thrown away, for it does so a thousand times. A replay
        lets it through.
Rule 3. Results go to stdout, progress to stderr, and only to a terminal. Where stdout is to be JSON, nothing
        else goes there.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from anymutex.doors import loading, problems
from anymutex.errors import UsageError
from anymutex.testing.confirming import RUNS, ConfirmingInterrupted, confirm
from anymutex.testing.explorer import explore, replay
from anymutex.testing.exploring import Interrupted
from anymutex.testing.progressline import shown_on
from anymutex.testing.repetition import Repeatable, by_command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from anymutex.doors.program import Program
    from anymutex.testing.confirmation import Confirmation
    from anymutex.testing.exploration import Exploration

BACKENDS = ("asyncio", "trio")
MOST_SCHEDULES = 1000


def explore_file(asked: argparse.Namespace) -> int:
    """Explore, and print what came of it.

    Returns:
        The exit code: 1 if a schedule fails.

    Raises:
        UsageError: A file, a backend or a number is no good, or the program can't be driven.
        Interrupted: Ctrl-C, after what is known so far was printed.
    """
    if asked.json:
        problems.write_text(asked.json, "")  # what can't be written is told before a long run
    if asked.suspects:
        return _force_suspects(asked)
    try:
        result = _explored(asked)
    except Interrupted as stop:
        _tell(stop.exploration, asked.json)
        raise
    _tell(result, asked.json)
    return 1 if result.failure else 0


def _force_suspects(asked: argparse.Namespace) -> int:
    if asked.cancellation:
        raise UsageError("--suspects forces suspects alone: leave out --cancellation")
    asked.races = True  # else what is told to repeat a race would not show it
    try:
        result = _confirmed(asked)
    except ConfirmingInterrupted as stop:
        _tell_of_suspects(stop.confirmation, asked.json)
        raise
    _tell_of_suspects(result, asked.json)
    return 1 if result.failures else 0


def _confirmed(asked: argparse.Namespace) -> Confirmation:
    with _quietly_loaded(asked) as program, shown_on(sys.stderr) as progress:
        return confirm(
            _repeatable(program, asked),
            asked.suspects,
            backends=_chosen(asked.backend or ["all"]),
            max_schedules=asked.schedules or RUNS,
            max_seconds=asked.seconds,
            seed=asked.seed,
            early_timers=asked.early_timers,
            progress=progress,
        )


def _tell_of_suspects(result: Confirmation, json: str | None) -> None:
    print(result, file=sys.stderr if json == "-" else sys.stdout)
    if json:
        problems.write_json(json, result.to_json())


def replay_file(asked: argparse.Namespace) -> int:
    """Run one schedule, and print its steps or the report of its failure.

    Returns:
        The exit code: 1 if it fails.

    Raises:
        UsageError: The token, the file or the backend is no good, or the program can't be driven.
    """
    with loading.loaded(loading.target_of(asked.program), asked.arguments) as program:
        result = replay(_repeatable(program, asked), asked.token, backend=asked.backend, races=asked.races)
    print(result)
    return 1 if result.failure else 0


def _explored(asked: argparse.Namespace) -> Exploration:
    with _quietly_loaded(asked) as program, shown_on(sys.stderr) as progress:
        return explore(
            _repeatable(program, asked),
            backends=_chosen(asked.backend or ["all"]),
            max_schedules=asked.schedules or MOST_SCHEDULES,
            max_seconds=asked.seconds,
            seed=asked.seed,
            cancellation=asked.cancellation,
            early_timers=asked.early_timers,
            races=asked.races,
            progress=progress,
        )


@contextmanager
def _quietly_loaded(asked: argparse.Namespace) -> Iterator[Program[Any]]:
    """The program, without what it prints (rule 2)."""
    with (
        open(os.devnull, "w", encoding="utf-8") as null,
        redirect_stdout(null),
        loading.loaded(loading.target_of(asked.program), asked.arguments) as program,
    ):
        yield program


def _chosen(names: list[str]) -> list[str]:
    """Each once, in the order given.

    >>> _chosen(["trio", "all"])
    ['trio', 'asyncio']
    """
    return list(dict.fromkeys(name for one in names for name in (BACKENDS if one == "all" else [one])))


def _repeatable(program: Program[Any], asked: argparse.Namespace) -> Repeatable:
    return Repeatable(program.main, by_command(asked.program, asked.arguments, races=asked.races))


def _tell(result: Exploration, json: str | None) -> None:
    text = f"{result}\nassuming {result.assumption}" if result.assumption else str(result)
    print(text, file=sys.stderr if json == "-" else sys.stdout)
    if json:
        problems.write_json(json, _plain(result))


def _plain(result: Exploration) -> dict[str, object]:
    names = ("backend", "kind", "token", "deviations", "report")
    failure = result.failure and {name: getattr(result.failure, name) for name in names}
    return {
        "verdict": result.verdict,
        "schedules": result.schedules,
        "outcomes": {backend: sorted(outcomes) for backend, outcomes in result.outcomes.items()},
        "failure": failure,
        "assumption": result.assumption,
        "left_out": result.left_out,
    }
