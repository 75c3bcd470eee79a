"""A write that is about to happen, to a location that somebody has read."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from anymutex import tasks
from anymutex.report import shown
from anymutex.watch import containers
from anymutex.watch.containers import MISSING, STRUCTURE, base_of

if TYPE_CHECKING:
    from types import FrameType

    from anymutex.tasks import Actor
    from anymutex.watch.ledger import Key
    from anymutex.watch.modulehooks import ModuleHooks
    from anymutex.watch.sites import Site

NO_VALUE: Final = object()
KEPT = frozenset({int, float, bool, type(None)})
_SHORT = 40
_PLAIN = (str, int, float, bool, bytes, type(None), frozenset, complex)


class Written:
    """What is known of the write. Lives only as long as its hook runs.

    Args:
        hooks: Those of the module it is in.
        thing: What is written to.
        key: Where in it.
        index: The site.
        value: What is going to be stored, if the code had to hand it over.
        argument: The key as it was given: of a list, a position or an element.
    """

    def __init__(
        self, hooks: ModuleHooks, thing: Any, key: Key, index: int, value: Any, argument: Any = None
    ) -> None:
        self.hooks = hooks
        self.thing = thing
        self.key = key
        self.index = index
        self.site: Site = hooks.sites[index]
        self._value = value
        self.argument = argument

    @cached_property
    def me(self) -> Actor:
        """Who writes."""
        return tasks.actor()

    @cached_property
    def base(self) -> type | None:
        """The built-in container that is written to; None for an attribute or a name."""
        return None if isinstance(self.key, str) and self.key != STRUCTURE else base_of[type(self.thing)]

    @cached_property
    def old(self) -> Any:
        """What the location holds now; MISSING if that is nothing, or can't be told."""
        if self.base is not None:
            return MISSING if self.key == STRUCTURE else containers.item_of(self.thing, self.key[1])  # type: ignore[index]
        if self.thing is self.hooks.space:
            return self.hooks.space.get(str(self.key), MISSING)
        return containers.attribute_of(self.thing, str(self.key))

    @cached_property
    def new(self) -> Any:
        """What it is going to hold; NO_VALUE if that is not known."""
        if self._value is not NO_VALUE or self.site.value is None:
            return self._value
        if self.site.is_literal:
            return _LITERALS.get(self.site.value, NO_VALUE)
        frame = self.frame
        return NO_VALUE if frame is None else frame.f_locals.get(self.site.value, NO_VALUE)

    @cached_property
    def frame(self) -> FrameType | None:
        """The frame of the function that writes."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.hooks.file:
            frame = frame.f_back
        return frame

    @property
    def is_computed(self) -> bool:
        """Whether the attribute is a property: what is written then is written inside of it."""
        is_attribute = self.base is None and isinstance(self.key, str) and self.thing is not self.hooks.space
        return is_attribute and containers.is_computed(self.thing, str(self.key))

    @property
    def is_assignment(self) -> bool:
        """Whether a value takes the place of another, rather than a container being changed."""
        return self.site.how in {"attribute", "[]", "name", "setattr", "__setitem__"}

    @property
    def is_removal(self) -> bool:
        """Whether something is taken out."""
        return self.site.how in containers.REMOVING

    @cached_property
    def is_structural(self) -> bool:
        """Whether there are other elements afterwards, or in another order."""
        base, how = self.base, self.site.how
        if base is None:
            return False
        if self.key == STRUCTURE:
            return True
        is_there = containers.has(self.thing, self.key[1]) if base is not list else True  # type: ignore[index]
        if how in {"[]", "augmented"}:
            return base is dict and not is_there
        if how in {"add", "setdefault", "__setitem__"}:
            return not is_there
        return is_there  # taken out, or moved

    @property
    def position(self) -> int | None:
        """Where in a list elements begin to move; None if that is not known."""
        if self.base is not list:
            return None
        how, size = self.site.how, containers.size_of(self.thing)
        if how == "remove":
            return next((at for at, element in enumerate(self.thing) if element is self.argument), None)
        if how in {"pop", "insert", "del"}:
            at = self.argument if isinstance(self.argument, int) else size - 1
            return at + size if at < 0 else at
        return None

    @property
    def end(self) -> int | None:
        """Which end of a list or deque an element is taken from: 0 or -1."""
        if self.site.how in containers.FROM_THE_FRONT or self.argument == 0:
            return 0
        return -1 if self.site.how == "pop" and self.argument in (None, -1) else None

    @property
    def has_effect(self) -> bool:
        """Whether anything changes at all."""
        how = self.site.how
        if how in {"pop", "discard", "remove", "setdefault", "del"} and self.key != STRUCTURE:
            return self.base is None or self.is_structural
        if how in {"clear", "pop", "popitem", *containers.FROM_THE_FRONT} and self.base is not None:
            return containers.size_of(self.thing) > 0
        return True

    @cached_property
    def sameness(self) -> str:
        """How the new value compares with the one that is there: `same`, `equal` or `other`.

        `equal` is another object that can be changed: whoever got the old one has something else than those
        who get the new one.
        """
        old, new = self.old, self.new
        if old is MISSING or new is NO_VALUE:
            return "other"
        if old is new:
            return "same"
        try:
            is_equal = type(old) is type(new) and bool(old == new)
        except Exception:
            return "other"
        return ("same" if _is_plain(new) else "equal") if is_equal else "other"

    @property
    def old_kept(self) -> Any:
        """What may be kept of the old value; MISSING of a dict that has no such key, else NO_VALUE."""
        old = self.old
        is_absent = old is MISSING and self.base is dict and self.key != STRUCTURE
        is_small = type(old) in KEPT or (type(old) is str and len(old) <= _SHORT)
        return old if is_absent or is_small else NO_VALUE

    @property
    def old_text(self) -> str | None:
        """The value that is written over, if it is one that is told quickly."""
        return value_text(self.old)

    @property
    def new_text(self) -> str | None:
        """The value that is written."""
        return None if self.new is NO_VALUE else value_text(self.new)


def value_text(value: Any) -> str | None:
    """A value in a report: plain ones alone, for another's `repr` is the user's code."""
    return shown(value) if type(value) in _PLAIN else None


def _is_plain(value: Any, depth: int = 3) -> bool:
    kind = type(value)
    return kind in _PLAIN or (
        kind is tuple and depth > 0 and all(_is_plain(part, depth - 1) for part in value)
    )


_LITERALS: dict[str, Any] = {"None": None, "True": True, "False": False}
