"""Await races as plain data, and how they read, in the manner of Go's race detector."""

from __future__ import annotations

from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Any

from anymutex import stacks, starts, tasks, waits
from anymutex.report import Report, line_of, stack_lines
from anymutex.watch.awaitplaces import awaits_between
from anymutex.watch.containers import MISSING, STRUCTURE
from anymutex.watch.written import NO_VALUE, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anymutex.stacks import Place
    from anymutex.starts import Start
    from anymutex.tasks import Actor
    from anymutex.watch.ledger import Record, Write
    from anymutex.watch.sites import Site
    from anymutex.watch.staleness import Stale
    from anymutex.watch.written import Written

RULE = "=" * 18
_HEADLINES = {
    "lost-update": "lost update (read .. await .. stale write)",
    "check-then-act": "check then act (test .. await .. act on what is no longer so)",
    "duplicate-work": "duplicate work (both found nothing there and made it)",
    "stale-fill": "stale fill (loaded .. changed and emptied by another .. the old value stored)",
    "double-take": "double take (read .. await .. taken, as another task had taken it)",
    "write-then-read": "write then read (another task's value is read back)",
    "call-pair": "a get and a put that belong together (get .. await .. stale put)",
    "iteration": "changed during iteration",
    "dropped-insert": "dropped insert (copied .. await .. cleared)",
    "vanished": "vanished (what was there before the await is gone)",
    "orphaned-wait": "orphaned wait (nobody can wake it any more)",
}
_FIXES = {
    "lost-update": "hold one lock from the read to the write, or read again after the await",
    "check-then-act": "hold one lock from the test to the act, or test again after the await",
    "duplicate-work": "let one task do it and the others wait: a lock around it, or a future in its place",
    "stale-fill": "keep a version that who empties it raises, and store only if it is still the same",
    "double-take": "take it out in one step before the await: x, self.x = self.x, None",
    "write-then-read": "keep it in a local variable or an object of the task's own, not in a shared one",
    "call-pair": "hold one lock from the one call to the other",
    "iteration": "loop over a copy, list(...), or hold one lock over the whole loop",
    "dropped-insert": "take all out in one step before the await: items, self.items = self.items, []",
    "vanished": "look again after the await, or hold one lock from the look to the use",
    "orphaned-wait": "wake whoever waits for the old one before another takes its place",
}

_CALLBACK = "a callback of the loop"
_THREAD_FIX = "an anyio lock guards tasks, not threads: return the value, and write it in the task"


@dataclass(frozen=True)
class Access:
    """One access by one task, as it is told."""

    who: str
    what: str
    places: tuple[Place, ...]
    note: str = ""

    def lines(self, headline: str) -> Iterator[str]:
        """The access as a paragraph."""
        yield f"{headline:<64} {self.note}".rstrip()
        yield from stack_lines(self.places)

    def to_json(self) -> dict[str, object]:
        """As DESIGN has it."""
        place = self.places[-1]
        return {"file": place.file, "line": place.line, "task": self.who}


@dataclass(frozen=True)
class AwaitRace(Report):
    """A race of two tasks across an await, or of a task and a thread, that happened."""

    rule: str
    location: str
    backend: str
    reads: tuple[Access, ...]
    writes: tuple[Access, ...]
    remote: Access
    awaits: tuple[Place, ...]
    made: str | None
    starts: tuple[str, ...]
    locks: str
    is_threaded: bool = False
    seen: int = 1

    @property
    def kind(self) -> str:
        """Which rule found it."""
        return self.rule

    @property
    def headline(self) -> str:
        """What it is, in one line."""
        return "DATA RACE" if self.is_threaded else f"AWAIT RACE: {_HEADLINES[self.rule]}"

    @property
    def place(self) -> Place:
        """Where it came to light."""
        return (*self.reads, *self.writes)[-1].places[-1]

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two reports the same: the rule and the lines."""
        sides = (*self.reads, *self.writes, self.remote)
        return (self.rule, *((side.places[-1].file, side.places[-1].line) for side in sides))

    def lines(self) -> Iterator[str]:
        yield RULE
        yield f"WARNING: {self.headline}"
        for write in self.writes:
            yield from write.lines(f"{write.what} by {write.who}:")
        for read in self.reads:
            start = (
                "  was computed from a"
                if self.rule in {"lost-update", "call-pair", "stale-fill"}
                else "  rests on a"
            )
            yield f"{start} {read.what} at:".ljust(64) + f" {read.note}".rstrip()
            yield from (f"      {line_of(place)}" for place in read.places[-1:])
        if self.awaits:
            yield "  and gave up control between the two at:"
            yield from (f"      {line_of(place)}" for place in self.awaits)
        yield ""
        yield from self.remote.lines(f"Conflicting {self.remote.what} by {self.remote.who}:")
        yield ""
        yield from filter(None, (self.made, *self.starts, self.locks))
        yield f"backend {self.backend}"
        if self.seen > 1:
            yield f"Seen {self.seen} times."
        yield f"fix: {_THREAD_FIX if self.is_threaded else _FIXES[self.rule]}"
        yield RULE

    def to_json(self) -> dict[str, object]:
        """The fixed form of DESIGN 4.5."""
        return {
            "kind": self.rule,
            "location": self.location,
            "backend": self.backend,
            "reads": [read.to_json() for read in self.reads],
            "writes": [write.to_json() for write in self.writes],
            "remote": self.remote.to_json(),
            "text": str(self),
        }


def of_write(kind: str, written: Written, stale: Stale, source: Site, file: str) -> AwaitRace:
    """The race of a write that rests on a stale read."""
    me = written.me
    who = _me_described(me)
    location = location_text(written.thing, written.key, written.site)
    own_stack = _stack(tasks.my_sites(), written.hooks.file, written.site)
    remote = stale.remote
    read_place = stacks.place_in(file, source.line, source.function)
    return AwaitRace(
        rule=kind,
        location=location,
        backend=_backend(),
        reads=(Access(who, f"read of {location}", (read_place,), _noted("value", _text_of(remote.before))),),
        writes=(Access(who, f"Write of {location}", own_stack, _change(written.old_text, written.new_text)),),
        remote=_remote(remote, location, written.old_text),
        awaits=awaits_between(file, source.function, source.line, stale.level.site.line),
        made=None,
        starts=_starts(me, remote),
        locks=_locks(me, remote),
        is_threaded=isinstance(remote.actor, int) and remote.actor != get_ident(),
    )


def of_pair(
    kind: str,
    file: str,
    first: Site,
    second: Site | None,
    record: Record,
    remote: Write,
    me: Actor,
    note: str = "",
) -> AwaitRace:
    """The race of two accesses of one function with another's write between them.

    Of a lone access that failed, or of a loop, `note` says more.
    """
    location = location_text(record.thing, record.key, second or first)
    read_note = note or _noted("value", _text_of(remote.before))

    def access(what: str, site: Site | None, note: str) -> tuple[Access, ...]:
        place = site and stacks.place_in(file, site.line, site.function)
        return (Access(_me_described(me), what, (place,), note),) if place else ()

    reads: tuple[Access, ...] = ()
    if kind == "vanished" and second is None:
        writes = access(_failure_text(first), first, note)
    elif kind == "write-then-read":
        reads, writes = access(f"read of {location}", second, ""), access(f"Write of {location}", first, "")
    else:
        reads = access(f"read of {location}", first, read_note)
        writes = access(f"Write of {location}", second, "")
    return AwaitRace(
        rule=kind,
        location=location,
        backend=_backend(),
        reads=reads,
        writes=writes,
        remote=_remote(remote, location, None),
        awaits=() if second is None else awaits_between(file, first.function, first.line, second.line),
        made=None,
        starts=_starts(me, remote),
        locks=_locks(me, remote),
    )


def _failure_text(site: Site) -> str:
    return f"Failed: {'del ' if site.how == 'del' else ''}{site.text}"


def location_text(thing: Any, key: Any, site: Site) -> str:
    """What a location is called: as the code spells it, or by the object's class."""
    path = site.path
    if path:
        return path.removesuffix("[*]")
    name = type(thing).__name__
    if key == STRUCTURE:
        return name
    if isinstance(key, tuple):
        return f"{name}[{value_text(key[1]) or '...'}]"
    return f"{name}.{key}"


def _remote(remote: Write, location: str, after: str | None) -> Access:
    places = tuple(map(stacks.place_of, stacks.within_loop(remote.stack)))
    site_place = stacks.place_in(remote.file, remote.site.line, remote.site.function)
    return Access(
        _who(remote),
        f"write of {location}",
        places or (site_place,),
        _change(_text_of(remote.before), after),
    )


def _stack(sites: list[stacks.Site], file: str, site: Site) -> tuple[Place, ...]:
    places = stacks.places_of(sites)
    return places or (stacks.place_in(file, site.line, site.function),)


def _starts(me: Actor, remote: Write) -> tuple[str, ...]:
    sides = ((_me_described(me), starts.start_of(me)), (_who(remote), remote.start))
    lines = (_start_line(who, start) for who, start in sides if start is not None)
    return tuple(dict.fromkeys(lines))


def _start_line(who: str, start: Start) -> str:
    parent = start.parent_full_name
    by = f' by task "{tasks.shortened(parent)}"' if parent else ""
    return f"{who[0].upper()}{who[1:]} started at {stacks.place_of(start.site)}{by}"


def _who(remote: Write) -> str:
    if _is_callback(remote.actor):
        return _CALLBACK
    kind = "thread" if isinstance(remote.actor, int) else "task"
    return f'{kind} "{tasks.shortened(remote.who)}"'


def _me_described(me: Actor) -> str:
    return _CALLBACK if _is_callback(me) else tasks.described(me)


def _is_callback(actor: Actor) -> bool:
    """Whether it is this very thread, beside the tasks of the loop that runs in it."""
    return actor == get_ident() and tasks.current_run() is not None


def _locks(me: Actor, remote: Write) -> str:
    sides = ((_me_described(me), waits.labels_held_by(me)), (_who(remote), remote.held))
    return "anymutex locks held: " + ", ".join(f"{who} {' and '.join(held) or 'none'}" for who, held in sides)


def _text_of(value: Any) -> str | None:
    if value is MISSING:
        return "absent"
    return None if value is NO_VALUE else value_text(value)


def _change(before: str | None, after: str | None) -> str:
    return "" if before is None or after is None else f"value {before} -> {after}"


def _noted(word: str, value: str | None) -> str:
    return "" if value is None else f"{word} {value}"


def _backend() -> str:
    run = tasks.current_run()
    return "none" if run is None else tasks.backend_of(run)
