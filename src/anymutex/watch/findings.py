"""Findings: the races witnessed so far, each pair of lines once, handed to whoever asked for them."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from anymutex import tasks
from anymutex.watch import racereport

if TYPE_CHECKING:
    from collections.abc import Callable

    from anymutex.watch.ledger import Record, Write
    from anymutex.watch.racereport import AwaitRace
    from anymutex.watch.sites import Site
    from anymutex.watch.staleness import Stale
    from anymutex.watch.written import Written

listeners: list[Callable[[AwaitRace], object]] = []


def tell_write(kind: str, written: Written, stale: Stale, source: Site) -> None:
    """A write rests on a stale read."""
    if not listeners:
        return
    reader = stale.level.activation
    _announce(racereport.of_write(kind, written, stale, source, reader.hooks.file))


def tell_accesses(
    kind: str,
    file: str,
    first: Site,
    second: Site | None,
    record: Record,
    remote: Write,
    note: str = "",
) -> None:
    """One or two accesses of a function in `file`, and another's write between or before them."""
    if listeners:
        _announce(racereport.of_pair(kind, file, first, second, record, remote, tasks.actor(), note))


def complain(error: Exception) -> None:
    """A mistake of ours must not harm the program that is watched."""
    print("anymutex: a race hook failed, and the race is not told:", file=sys.stderr)
    traceback.print_exception(error)


def _announce(race: AwaitRace) -> None:
    for listener in tuple(listeners):
        listener(race)
