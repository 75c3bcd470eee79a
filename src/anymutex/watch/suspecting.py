"""SuspectWatch: collects the windows that were open and not hit, while it is entered.

Rule 1. Modules that are instrumented meanwhile get hooks that tell of every write. All others, and all runs
        without it, pay nothing.
Rule 2. A window is a suspect if another task writes its location at another time of the run, or has read it
        by the very line that opens the window, so that it might write as well, and
        - no lock was held over the window that the other one held too (`heldlocks`),
        - neither was started after the other had done it, or has waited for its end (`descent`).
Rule 3. Lines that were hit once are settled: they are told as a race, or the rules have found no harm.
Rule 4. What one event loop's tasks did is nothing to those of the next.
Rule 5. What an object is given while it is made counts for nobody: only its maker knows it then.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

from anymutex import stacks, tasks
from anymutex.watch import descent, findings
from anymutex.watch.containers import STRUCTURE
from anymutex.watch.guards import frame_of
from anymutex.watch.heldlocks import held_at
from anymutex.watch.hooks import Hooks
from anymutex.watch.ledger import close_read, open_read
from anymutex.watch.traces import Opening, Touch, TraceBook
from anymutex.watch.windows import place_of, suspect_of, window_of
from anymutex.watch.written import Written

if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Self

    from anymutex.stacks import Place
    from anymutex.tasks import Actor
    from anymutex.watch.activations import Activation
    from anymutex.watch.descent import Past
    from anymutex.watch.ledger import Key, Record
    from anymutex.watch.modulehooks import Cell, T
    from anymutex.watch.suppressions import Suppressions
    from anymutex.watch.suspect import Suspect
    from anymutex.watch.windows import Window

_MAKING = {"__init__", "__new__", "__post_init__", "__setstate__"}
_MOST_OTHERS = 4
_LOOK = object()  # a key that nobody reads


class SuspectWatch:
    """Looks at every write of the modules that are instrumented while it is entered.

    Args:
        suppressions: What is not to be told.

    Example:
        >>> with SuspectWatch() as watch:
        ...     pass
        >>> watch.suspects
        []
    """

    def __init__(self, suppressions: Suppressions | None = None) -> None:
        self._suppressions = suppressions
        self._book = TraceBook()
        self._run: ref[Any] | None = None
        self._clock = 0
        self._opened: Counter[Hashable] = Counter()
        self._settled: set[Hashable] = set()
        self._found: dict[Hashable, Suspect] = {}

    def __enter__(self) -> Self:
        _watches.append(self)
        Hooks.variety = SuspectingHooks
        return self

    def __exit__(self, *_: object) -> None:
        _watches.remove(self)
        Hooks.variety = SuspectingHooks if _watches else None

    @property
    def suspects(self) -> list[Suspect]:
        """Those so far, each pair of lines once."""
        every = (replace(found, seen=self._opened[found.key]) for found in self._found.values())
        open_ones = [suspect for suspect in every if suspect.key not in self._settled]
        return [suspect for suspect in open_ones if not self._is_kept_quiet(suspect)]

    def look(self, written: Written) -> None:
        """Something is about to be written."""
        if written.is_computed or not written.has_effect:
            return
        past = self._noted(written.me)
        window = window_of(written)
        if window is not None:
            self._note_opening(written, window, past)
        if not _is_being_made(written):
            self._note_touch(written, past)

    def _notice_run(self) -> None:
        run = tasks.current_run()
        if run is not None and (self._run is None or self._run() is not run):
            self._run, self._book = ref(run), TraceBook()

    def _note_opening(self, written: Written, window: Window, past: Past) -> None:
        suspect = suspect_of(written, window)
        if window.is_hit:
            self._settled.add(suspect.key)
            return
        self._opened[suspect.key] += 1
        frame = frame_of(window.level.activation)
        held = held_at(frame, window.line, window.level.site.line, surely=True)
        opening = Opening(past, held, suspect, written.is_removal)
        traces = self._book.at(window.record.thing, window.record.key)
        for touch in traces.touches:
            if _can_meet(touch, opening):
                self._suspect(suspect, touch.place)
        for look in traces.looks:
            if look.place == suspect.read and _can_meet(look, opening):
                self._suspect(suspect, suspect.write)
        traces.openings.add(suspect.key, opening)

    def _note_touch(self, written: Written, past: Past) -> None:
        touch = Touch(past, held_at(written.frame), place_of(written), written.is_removal)
        for key in self._keys_touched(written):
            traces = self._book.at(written.thing, key)
            for opening in traces.openings:
                if _can_meet(opening, touch):
                    self._suspect(opening.suspect, touch.place)
            traces.touches.add(touch.place, touch)

    def look_back(self, f: Activation) -> None:
        """A function ends: see what it has read of what others write."""
        past, frame = None, frame_of(f)
        for source in f.records:
            site = f.hooks.sites[source]
            place = stacks.place_in(f.hooks.file, site.line, site.function)
            for record in f.of(source) if site.kind != "write" else ():
                past = past or self._noted(tasks.actor())
                self._note_look(Touch(past, held_at(frame, site.line), place), record)

    def _note_look(self, look: Touch, record: Record) -> None:
        traces = self._book.at(record.thing, record.key)
        for opening in traces.openings:
            if opening.suspect.read == look.place and _can_meet(opening, look):
                self._suspect(opening.suspect, opening.suspect.write)
        traces.looks.add(look.place, look)

    def _noted(self, me: Actor) -> Past:
        self._notice_run()
        self._clock += 1
        return descent.note(me, self._clock)

    def _keys_touched(self, written: Written) -> set[Key]:
        keys: set[Key] = {written.key}
        if written.is_structural:
            keys.add(STRUCTURE)
        if written.site.how == "clear":
            keys.update(self._book.keys_of(written.thing))
        return keys

    def _suspect(self, suspect: Suspect, other: Place) -> None:
        found = self._found.setdefault(suspect.key, suspect)
        is_known = any((known.file, known.line) == (other.file, other.line) for known in found.others)
        if not is_known and len(found.others) < _MOST_OTHERS:
            self._found[suspect.key] = replace(found, others=(*found.others, other))

    def _is_kept_quiet(self, suspect: Suspect) -> bool:
        if self._suppressions is None:
            return False
        places = (suspect.read, suspect.write, *suspect.others)
        return self._suppressions.keeps_quiet(suspect.kind, suspect.location, places)


class SuspectingHooks(Hooks):
    """Hooks that tell of every write, as if somebody had read what is written."""

    def write(self, thing: T, name: str, index: int) -> T:
        """An attribute is about to be assigned."""
        self._looked_at(super().write, thing, name, index, key=name, opened=thing)
        return thing

    def store(self, thing: T, key: Hashable, index: int) -> T:
        """An item is."""
        self._looked_at(super().store, thing, key, index, opened=thing)
        return thing

    def change(self, thing: T, key: Hashable, index: int) -> T:
        """A container is about to be changed."""
        self._looked_at(super().change, thing, key, index, opened=thing)
        return thing

    def name_written(self, value: T, cell: Cell | None, name: str, index: int) -> T:
        """A name that functions share is about to be assigned."""
        opened = self.space if cell is None else cell
        self._looked_at(super().name_written, value, cell, name, index, opened=opened)
        return value

    def _looked_at(self, hook: Any, *arguments: Any, opened: object, key: Hashable = _LOOK) -> None:
        open_read(opened, key)
        try:
            hook(*arguments)
        finally:
            close_read(opened, key)

    def leave(self, f: Activation) -> None:
        """A function ends, in whatever way."""
        try:
            for watch in _watches:
                watch.look_back(f)
        except Exception as error:
            findings.complain(error)
        super().leave(f)

    def _wrote(self, thing: Any, key: Hashable, index: int, argument: Any = None) -> None:
        try:
            for watch in _watches:
                watch.look(Written(self, thing, key, index, self._value, argument))
        except Exception as error:
            findings.complain(error)
        super()._wrote(thing, key, index, argument)


_watches: list[SuspectWatch] = []


def _can_meet(earlier: Opening | Touch, later: Opening | Touch) -> bool:
    """Whether the write of the one may come into the window of the other (rule 2)."""
    is_other = earlier.past.actor != later.past.actor
    is_kept_apart = bool(earlier.held & later.held) or (earlier.is_removal and later.is_removal)
    return is_other and not is_kept_apart and not earlier.past.is_before(later.past)


def _is_being_made(written: Written) -> bool:
    """Whether an object gets its first attributes (rule 5)."""
    spelled = written.site.path or ""
    return written.base is None and written.site.function in _MAKING and spelled.startswith("self.")
