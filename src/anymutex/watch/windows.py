"""Windows: between which read and which write did a task wait, with nobody else's write in between?

Rule 1. The data and control flow is that of `rules`: a read counts that the write is computed from, or that
        decides on it, with an await in between in the function that made it.
Rule 2. What was read again after the last await is no window; nor is what the task had claimed by a write of
        its own; nor what is harmless whatever the others do.
Rule 3. Only what the task has read itself counts, not what its starter has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anymutex import stacks, tasks
from anymutex.watch import basis, containers, ledger
from anymutex.watch.activations import number_of_task
from anymutex.watch.awaitplaces import awaits_between
from anymutex.watch.levels import levels_of
from anymutex.watch.racereport import location_text
from anymutex.watch.suspect import Suspect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.watch.ledger import Record
    from anymutex.watch.levels import Level
    from anymutex.watch.written import Written


class Window(NamedTuple):
    """A read that a write rests on, with an await between; a `Basis`."""

    is_data: bool
    source: int
    record: Record
    level: Level
    is_hit: bool
    """Whether another task has written there in between: then the rules have had their say."""

    @property
    def line(self) -> int:
        """Where it was read."""
        return self.level.activation.hooks.sites[self.source].line


def window_of(written: Written) -> Window | None:
    """The window that a write closes: one that was hit, else that of the last read of the value."""
    if written.site.how in basis.SILENT:
        return None
    found: list[Window] = []
    fresh = {(id(written.thing), written.key)} if written.site.is_fresh else set()
    for level in levels_of(written):
        fresh.update(basis.looked_at_again(written, level))
        found += _read_at(written, level)
    if hit := next((window for window in found if window.is_hit), None):
        return hit
    found = [window for window in found if not basis.is_renewed(written, window, fresh)]
    found.sort(key=lambda window: (not window.is_data, -window.line))
    return next((window for window in found if not _is_harmless(written, window)), None)


def suspect_of(written: Written, window: Window) -> Suspect:
    """The window as plain data."""
    level = window.level
    file, function = level.activation.hooks.file, level.activation.hooks.sites[window.source].function
    act = tasks.my_sites()[-1:] or None
    return Suspect(
        kind=_kind_of(written, window),
        location=location_text(written.thing, written.key, written.site),
        owner=_owner_of(written),
        read=stacks.place_in(file, window.line, function),
        awaits=awaits_between(file, function, window.line, level.site.line),
        write=place_of(written) if act is None else stacks.place_of(act[0]),
        others=(),
    )


def place_of(written: Written) -> stacks.Place:
    """Where it is written."""
    return stacks.place_in(written.hooks.file, written.site.line, written.site.function)


def _read_at(written: Written, level: Level) -> Iterator[Window]:
    """What was read for the write in one of the functions under way."""
    activation = level.activation
    if activation.number != number_of_task():
        return
    for source, is_data in basis.sources_of(level):
        for record in activation.of(source):
            if basis.matches(written, record, is_data):
                record = basis.at_the_place_written(written, record)
                is_hit = ledger.remote_write(record, written.me) is not None
                yield Window(is_data, source, record, level, is_hit)


def _is_harmless(written: Written, window: Window) -> bool:
    if basis.is_harmless_removal(written, window):
        return True
    if window.is_data:
        return False
    how, size = window.record.seen or ("", 0)
    if how == "truth" and size and written.site.how in containers.ADDING:
        return True
    return basis.is_undecided(written, window) or basis.is_claimed(window)


def _kind_of(written: Written, window: Window) -> str:
    if basis.is_call_pair(window):
        return "call-pair"
    return "lost-update" if window.is_data and not written.is_removal else "check-then-act"


def _owner_of(written: Written) -> str:
    if written.thing is written.hooks.space:
        return f"module {written.hooks.module}"
    kind = type(written.thing)
    return "closure" if kind.__module__.startswith("anymutex.") else kind.__name__
