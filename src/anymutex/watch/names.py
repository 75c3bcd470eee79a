"""What the source files beneath a root define, as far as other files of it must know: a quick look at the text.

Rule 1. What is found here only widens what is watched, so a name in a comment does no harm.
Rule 2. The names are part of what compiled code depends on: they are in the tag of the cached file.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROPERTY = re.compile(
    r"^[ \t]*@(?:\w+\.)*\w*property\b.*\n(?:[ \t]*@.*\n)*[ \t]*def[ \t]+(\w+)", re.MULTILINE
)
_SETTER = re.compile(r"^[ \t]*@(\w+)\.setter\b", re.MULTILINE)
_OPERATOR = re.compile(r"^[ \t]*def[ \t]+(__(?:getitem|setitem|delitem|contains|len|bool)__)", re.MULTILINE)


class Names(NamedTuple):
    """Names whose use runs a function that the sources define."""

    properties: frozenset[str] = frozenset()
    setters: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """A short text that changes when the names do."""
        return blake2b(repr([sorted(part) for part in self]).encode(), digest_size=4).hexdigest()


def names_in(sources: Iterable[str]) -> Names:
    """The names that `sources` define."""
    properties: set[str] = set()
    setters: set[str] = set()
    operators: set[str] = set()
    for source in sources:
        properties.update(_PROPERTY.findall(source))
        setters.update(_SETTER.findall(source))
        operators.update(_OPERATOR.findall(source))
    return Names(frozenset(properties), frozenset(setters), frozenset(operators))
