"""What the source files beneath a root define, as far as other files must know: a quick look at the text.

Rule 1. What is found here only widens what is watched, so a name in a comment does no harm.
Rule 2. The names are part of what compiled code depends on: they are in the tag of the cached file.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROPERTY = re.compile(
    r"^[ \t]*@(?:\w+\.)*\w*property\b.*\n(?:[ \t]*@.*\n)*[ \t]*def[ \t]+(\w+)", re.MULTILINE
)
_SETTER = re.compile(r"^[ \t]*@(\w+)\.setter\b", re.MULTILINE)
_OPERATOR = re.compile(r"^[ \t]*def[ \t]+(__(?:getitem|setitem|delitem|contains|len|bool)__)", re.MULTILINE)


_DEFINITION = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)")
_LEFT_OF_EQUALS = re.compile(r"^(.*?)(?<![=!<>:])(?:[-+*/%&|^@]|//|\*\*|<<|>>|:)?=(?!=)")
_BOUND = re.compile(
    r"\b(?:as|for|del)\b(.*)|\b__?setattr(?:__)?\(.*?[\"'](\w+)[\"']|\bsetattr\(.*?[\"'](\w+)[\"']"
)
_RAISING = re.compile(r"\b(?:raise|assert)\b")
_ATTRIBUTE = re.compile(r"\.(\w+)\b(?!\s*[\[.(])")
_MAKERS = {"__init__", "__new__", "__post_init__"}


class Names(NamedTuple):
    """Names whose use matters beyond the file they are in."""

    properties: frozenset[str] = frozenset()
    setters: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    """Whatever is defined: a call of anything else runs no code that is watched."""
    written: frozenset[str] = frozenset()
    """Attributes that are assigned after an object was made: nobody can change the others meanwhile."""

    raisers: frozenset[str] = frozenset()
    """Functions that raise: who goes on after a call of one rests on what it has looked at."""

    @property
    def digest(self) -> str:
        """A short text that changes when the names do."""
        return blake2b(repr([sorted(part) for part in self]).encode(), digest_size=4).hexdigest()


def names_in(sources: Iterable[str]) -> Names:
    """The names that `sources` define."""
    found: dict[str, set[str]] = {kind: set() for kind in Names._fields}
    for source in sources:
        found["properties"].update(_PROPERTY.findall(source))
        found["setters"].update(_SETTER.findall(source))
        found["operators"].update(_OPERATOR.findall(source))
        _look_at_lines(source, found["functions"], found["written"], found["raisers"])
    return Names(**{kind: frozenset(names) for kind, names in found.items()})


def _look_at_lines(source: str, functions: set[str], written: set[str], raisers: set[str]) -> None:
    function = ""
    for line in source.splitlines():
        definition = _DEFINITION.match(line)
        if definition is not None:
            function = definition.group(1)
            functions.add(function)
            line = line.partition("):")[2]  # a function of one line
        if _RAISING.search(line):
            raisers.add(function)
        if function not in _MAKERS and "." in line:
            for statement in line.split(";"):
                written.update(_written_in(statement))


def _written_in(line: str) -> Iterator[str]:
    target = _LEFT_OF_EQUALS.match(line)
    if target is not None:
        yield from _ATTRIBUTE.findall(target.group(1))
    elif line.rstrip().endswith(","):  # a target of several lines, perhaps
        yield from _ATTRIBUTE.findall(line)
    for rest, name, other in _BOUND.findall(line):
        yield from filter(None, (name, other, *_ATTRIBUTE.findall(rest)))
