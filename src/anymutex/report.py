"""What comes out: reports as plain data, and how they read, in Go's manner.

Rule 1. A report holds strings and numbers only, so it can be kept, pickled and sent.
Rule 2. Both sides always, by name; the await that let the other side in; how to mend it.
Rule 3. Go's words where Go has them: people search for them.
Rule 4. Nothing is said that is not known: where a task was started stands there only if it was recorded.
"""

from __future__ import annotations

import ast
import re
import reprlib
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from anymutex.stacks import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_RED, _RESET = "\x1b[1;31m", "\x1b[0m"


@dataclass(frozen=True)
class Report(ABC):
    """What every report can do: read as text, as JSON, and say how many lines matter first."""

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The text, line by line; the first one is the headline."""

    @property
    def headline(self) -> str:
        """The first line: what happened, in words people search for."""
        return next(self.lines())

    @property
    def kind(self) -> str:
        """The report's name in JSON."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    def to_json(self) -> dict[str, object]:
        """The report as plain data, the text included."""
        return {"kind": self.kind, **_plain(asdict(self)), "text": str(self)}

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True)
class Side:
    """One of the two sides of a conflict."""

    who: str
    """`task "write_loop"`"""
    did: str
    """`wrote m[1] meanwhile: new key`"""
    places: tuple[Place, ...]
    """From the outermost call to where it was done."""
    awaits: tuple[Place, ...] = ()
    """From there inwards to the await that gave up control."""
    started: Place | None = None
    parent: str | None = None
    holds: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The side as a paragraph."""
        yield f"{self.who} [{self.did}]:"
        yield from stack_lines(self.places)
        if self.awaits:
            yield "  gave up control at:"
            yield from stack_lines(self.awaits, signatures=False)

    def start_line(self) -> str | None:
        """Where the task was started, as far as that is known."""
        by = f' by task "{self.parent}"' if self.parent else ""
        if self.started:
            return f"{self.who} started at {self.started}{by}"
        return f"{self.who} started{by}" if by else None


@dataclass(frozen=True)
class Conflict(Report):
    """An iteration spanned an await, and somebody else wrote to the map meanwhile."""

    map: str
    made: Place
    size_before: int
    size_after: int
    reader: Side
    writer: Side
    descent: str | None
    """`started by the iterating task`, when the writer is known to be."""
    loop_text: str
    backend: str

    def lines(self) -> Iterator[str]:
        yield "concurrent map iteration and map write"
        yield ""
        yield from self.reader.lines()
        yield ""
        yield from self.writer.lines()
        yield ""
        yield f"{self._subject()} (size {self.size_before} when the loop began, {self.size_after} now)"
        yield from filter(None, (self.reader.start_line(), self.writer.start_line()))
        if self.descent:
            yield f"{self.writer.who} was {self.descent}"
        yield locks_line(self.reader, self.writer)
        yield f"backend {self.backend}"
        yield ""
        head, iterable = self._loop()
        yield f"fix: hold one lock over the whole loop (async with mux: {head} {iterable}: ...), or loop"
        yield f"     over a copy: {head} list({iterable}): ..."

    def _subject(self) -> str:
        return made_line(self.map, "SharedMap", self.made)

    def _loop(self) -> tuple[str, str]:
        """The loop's head and what it is over, from its source line if that is one whole `for`."""
        return _loop_of(self.loop_text) or ("for ... in", self.map)


@dataclass(frozen=True)
class ConcurrentWrites(Report):
    """Somebody else wrote a key while `update_key` was between reading and writing it."""

    map: str
    made: Place
    key: str
    updater: Side
    writer: Side
    backend: str

    def lines(self) -> Iterator[str]:
        yield "concurrent map writes"
        yield ""
        yield from self.updater.lines()
        yield ""
        yield from self.writer.lines()
        yield ""
        yield made_line(self.map, "SharedMap", self.made)
        yield from filter(None, (self.updater.start_line(), self.writer.start_line()))
        yield locks_line(self.updater, self.writer)
        yield f"backend {self.backend}"
        yield ""
        yield f"fix: write the key by update_key too: await {self.map}.update_key({self.key}, ...). Nothing"
        yield "     was stored, for one of the two values would have been lost"


@dataclass(frozen=True)
class Unguarded(Report):
    """A map that a lock guards was accessed without it."""

    map: str
    made: Place
    lock: str
    access: Side
    backend: str

    def lines(self) -> Iterator[str]:
        yield f"unguarded access: {self.map} is guarded by {self.lock}, which {self.access.who} does not hold"
        yield ""
        yield from self.access.lines()
        yield ""
        yield made_line(self.map, "SharedMap", self.made)
        if start := self.access.start_line():
            yield start
        yield locks_line(self.access)
        yield f"backend {self.backend}"
        yield ""
        its = self.lock if self.lock.replace(".", "_").isidentifier() else "its_lock"
        yield f"fix: put the access inside `async with {its}:`"


def stack_lines(places: tuple[Place, ...], *, signatures: bool = True) -> Iterator[str]:
    """A stack in Go's two-line manner: the call, then `file:line` and the source."""
    function = None
    for place in places:
        if signatures and place.function != function:
            yield f"  {place.function}"
        function = place.function
        yield f"      {line_of(place)}"


def made_line(name: str, kind: str, made: Place) -> str:
    """What an object is and where it was made."""
    return f"{name} is the {kind} made at {made}"


def locks_line(*sides: Side) -> str:
    """Which of anymutex' locks each side holds; a plain `anyio.Lock` can't tell."""
    held = (f"{side.who} {', '.join(side.holds) or 'none'}" for side in sides)
    return f"anymutex locks held: {', '.join(held)}"


def shown(value: object) -> str:
    """A short `repr` in one line, also of a value whose own one raises.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"
    """
    try:
        text = _SHORT.repr(value)
    except Exception as error:
        text = _unshowable(value, error)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def without_addresses(text: str) -> str:
    """`text` as it is in every run.

    >>> without_addresses("<Lock object at 0x7f00dead>")
    '<Lock object>'
    """
    return _ADDRESS.sub("", text)


def coloured(text: str) -> str:
    """`text` with its first line in red, for a terminal."""
    head, newline, rest = text.partition("\n")
    return f"{_RED}{head}{_RESET}{newline}{rest}"


@cache
def versioned(backend: str) -> str:
    """A backend with what must be known to repeat a run: `trio 0.35.0, anyio 4.16.0`."""
    loop = {"trio": "trio", "asyncio+uvloop": "uvloop"}.get(backend)
    with_version = f"{backend} {_version_of(loop)}" if loop else backend
    return f"{with_version}, anyio {_version_of('anyio')}"


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # an app that was frozen without its packages' metadata
        return "of unknown version"


def _plain(value: Any) -> Any:
    """`value` with its places as dicts: JSON knows no named tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Place):
        return value._asdict()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


class _Short(reprlib.Repr):
    """Without addresses, which differ in every run; reprlib shows one also for a value whose repr raises."""

    def repr_instance(self, x: object, level: int) -> str:
        try:
            text = without_addresses(repr(x))
        except Exception as error:
            return _unshowable(x, error)
        if len(text) <= self.maxother:
            return text
        kept = self.maxother - len(self.fillvalue)
        return f"{text[: kept // 2]}{self.fillvalue}{text[-(kept - kept // 2) :]}"


_SHORT = _Short()


def _unshowable(value: object, error: Exception) -> str:
    return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def line_of(place: Place, width: int = 24) -> str:
    """`file:line` in a column of `width`, and the source."""
    return f"{place!s:<{width}} {place.text}".rstrip()


def with_article(kind: str) -> str:
    """The name of a class as one says it.

    >>> with_article("Mutex"), with_article("RWMutex")
    ('a Mutex', 'an RWMutex')
    """
    return f"{'an' if kind.startswith(('A', 'E', 'I', 'O', 'RW')) else 'a'} {kind}"


def _loop_of(text: str) -> tuple[str, str] | None:
    try:
        loop = ast.parse(f"{text}\n    pass").body[0]
    except SyntaxError:  # an explicit next(), a comprehension, a line of several
        return None
    if not isinstance(loop, ast.For):
        return None
    return f"for {ast.unparse(loop.target).strip('()')} in", ast.unparse(loop.iter)
