"""OpenIterations: the passes over one map that have begun and not ended, for whoever is about to write.

Rule 1. Held weakly: an iteration leaves by itself when its loop drops it.
Rule 2. Marked once: the first foreign write marks an iteration and takes it out, so a suspended generator
        does not slow later writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from anymutex import tasks
from anymutex.primitives.sighting import Party, sight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from weakref import ref

    from anymutex.primitives.iteration import Iteration

Disturbed: TypeAlias = "tuple[Iteration[Any], int]"  # an iteration, and how many items it has given


class OpenIterations:
    """The open iterations of one map."""

    __slots__ = ("refs",)

    def __init__(self) -> None:
        self.refs: set[ref[Iteration[Any]]] = set()  # for hot paths, which only ask whether it is empty

    def __iter__(self) -> Iterator[Iteration[Any]]:
        known = [iteration_ref() for iteration_ref in tuple(self.refs)]
        return iter([iteration for iteration in known if iteration is not None])

    def add(self, iteration: Iteration[Any]) -> None:
        """From now on a foreign write is to mark `iteration`."""
        self.refs.add(iteration.known_to(self.refs.discard))

    def disturbed(self, *, keep_rest: bool) -> list[Disturbed]:
        """Those that a write by the caller will break into. To be asked before the write.

        Args:
            keep_rest: They are to go on afterwards, so each must remember what it had yet to give.
        """
        writer = tasks.actor() if self.refs else None
        foreign = []
        for iteration in self:
            if not iteration.is_open:  # exhausted, and kept by somebody
                self.refs.discard(iteration.ref)
            elif iteration.actor == writer:
                iteration.be_slow()  # its own write is legal, but another task may take it over
            else:
                foreign.append((iteration, iteration.seen))
        if keep_rest:
            for iteration, _ in foreign:
                iteration.remember_rest()
        return foreign

    def mark(self, disturbed: list[Disturbed], wrote: str, size: int) -> None:
        """The caller has written: `wrote` says what, and `size` is the map's size now."""
        writer = Party.of(tasks.actor())
        for iteration, seen in disturbed:
            iteration.mark(sight(iteration, writer, wrote, seen, size))
            self.refs.discard(iteration.ref)
