"""`--suspects PATH` of `race`, and `--race-suspects PATH` of pytest: what was open and not hit, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex.doors.problems import write_json
from anymutex.watch.suspectfile import as_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.suspect import Suspect


def write_suspects(path: str, suspects: Iterable[Suspect], *, told_path: str | None = None) -> str:
    """Write `suspects` to the file `path`.

    Args:
        path: The file; `-` is stdout.
        suspects: What stands in it.
        told_path: What the user calls the file, if not so.

    Returns:
        What is told of that, in a line.
    """
    every = list(suspects)
    write_json(path, as_file(every))
    if not every:
        return "no suspects: no window was open that another task could have come into"
    told = told_path or path
    return f"{len(every)} suspect(s) in {told}: `anymutex explore --suspects {told} FILE` forces them"
