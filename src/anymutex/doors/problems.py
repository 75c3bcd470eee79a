"""`--json PATH`: every conflict and deadlock that a run met, also those that the program handled itself."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from anymutex import probe
from anymutex.errors import UsageError
from anymutex.events import ProblemFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.events import Event


@contextmanager
def writing_problems(path: str | None) -> Iterator[None]:
    """Write a JSON list of the reports of a block to `path` at its end, `[]` if there were none.

    Args:
        path: A file, made or emptied right away; "-" for stdout; None for nothing at all.

    Raises:
        UsageError: The file can't be written. Told before anything runs, lest a long run be lost.
    """
    if path is None:
        yield
        return
    write_text(path, "")
    found: list[dict[str, object]] = []
    try:
        with probe.listening(lambda event: _collect(event, found)):
            yield
    finally:
        write_json(path, found)


def write_json(path: str, data: Any) -> None:
    """Write `data`, which is plain, to the file `path`, or to stdout if that is "-".

    Raises:
        UsageError: The file can't be written.
    """
    write_text(path, json.dumps(data, indent=2) + "\n")


def write_text(path: str, text: str) -> None:
    """Write `text` to the file `path`, or to stdout if that is "-".

    Raises:
        UsageError: The file can't be written.
    """
    if path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror}") from error


def _collect(event: Event, found: list[dict[str, object]]) -> None:
    if isinstance(event, ProblemFound):
        found.append(event.report.to_json())
