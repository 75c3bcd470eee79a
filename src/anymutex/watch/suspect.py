"""Suspect: a window that was open while nobody hit it, as plain data.

A task has read a location, waited, and then acted on what it had read; in that run nobody wrote there in
between, but another task wrote there at another time, and no lock and no start of a task kept the two apart.
It is a hint, never a race: `explore` can force it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from anymutex.stacks import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anymutex.watch.racereport import AwaitRace


@dataclass(frozen=True)
class Suspect:
    """One window. Its text is one line."""

    kind: str
    """Of the race that it would be: `lost-update`, `check-then-act` or `call-pair`."""
    location: str
    """What was read and then acted on, as the code spells it."""
    owner: str
    """The class of the object that it is in."""
    read: Place
    awaits: tuple[Place, ...]
    """Where the task waited between the two."""
    write: Place
    others: tuple[Place, ...]
    """Where another task wrote it, at another time."""
    seen: int = 1
    """How often it was open."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two the same: the lines."""
        return (self.read.file, self.read.line, self.write.file, self.write.line)

    def is_shown_by(self, race: AwaitRace) -> bool:
        """Whether `race` is what comes of it."""
        writes = {(place.file, place.line) for side in race.writes for place in side.places[-1:]}
        reads = {(place.file, place.line) for side in race.reads for place in side.places[-1:]}
        is_same_read = self.key[:2] in reads or race.location == self.location
        return self.key[2:] in writes and is_same_read

    def to_json(self) -> dict[str, object]:
        """As it stands in a file of suspects."""
        told = asdict(self)
        places = {name: _told(value) for name, value in vars(self).items() if name in _PLACES}
        return {**told, **places}

    def __str__(self) -> str:
        waits = ", ".join(map(str, self.awaits))
        return f"{self.kind} of {self.location}: read at {self.read}, wait at {waits}, write at {self.write}"


def folded(suspects: Iterable[Suspect]) -> list[Suspect]:
    """Each pair of lines once, with all that is known of it."""
    found: dict[tuple[object, ...], Suspect] = {}
    for suspect in suspects:
        known = found.get(suspect.key)
        if known is not None:
            others = tuple(dict.fromkeys((*known.others, *suspect.others)))
            suspect = replace(known, others=others, seen=known.seen + suspect.seen)
        found[suspect.key] = suspect
    return list(found.values())


def suspect_from(told: Any) -> Suspect:
    """The suspect that `to_json` told of.

    Raises:
        TypeError, KeyError, ValueError: It is none.
    """
    values = {field.name: told[field.name] for field in fields(Suspect)}
    for name in ("kind", "location", "owner"):
        if not isinstance(values[name], str):
            raise TypeError(name)
    return Suspect(**{**values, "seen": int(values["seen"]), **{name: _read(told[name]) for name in _PLACES}})


_PLACES = ("read", "awaits", "write", "others")


def _told(places: Any) -> object:
    return places._asdict() if isinstance(places, Place) else [place._asdict() for place in places]


def _read(told: Any) -> Any:
    if isinstance(told, list):
        return tuple(_read(one) for one in told)
    return Place(str(told["file"]), int(told["line"]), str(told["function"]), str(told["text"]))
