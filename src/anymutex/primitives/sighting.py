"""Sighting: what is known of a conflict at the moment of the foreign write.

Rule 1. Both stacks are taken then, while the reader still stands at its await; later they are gone.
Rule 2. Taken as sites and names, in a few microseconds; made into a report only if the conflict is told.
Rule 3. It keeps neither task alive.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anymutex import stacks, starts, tasks, waits
from anymutex.report import Conflict, Side, versioned

if TYPE_CHECKING:
    from anymutex.primitives.iteration import Iteration
    from anymutex.primitives.named import Named
    from anymutex.stacks import Site
    from anymutex.starts import Start
    from anymutex.tasks import Actor


@dataclass(frozen=True)
class Party:
    """One of the two who met."""

    who: Actor
    described: str
    sites: list[Site]
    start: Start | None
    parent: str | None
    holds: tuple[str, ...]

    @classmethod
    def of(cls, who: Actor) -> Party:
        """What is known of `who` now."""
        return cls(
            who,
            tasks.described(who),
            tasks.sites_of(who),
            starts.start_of(who),
            starts.parent_name_of(who),
            waits.labels_held_by(who),
        )

    def side(self, did: str, sites: list[Site], awaits: list[Site] | None = None) -> Side:
        """This party as one side of a report."""
        return Side(
            who=self.described,
            did=did,
            places=stacks.places_of(sites),
            awaits=stacks.places_of(awaits or []),
            started=stacks.place_of(self.start.site) if self.start else None,
            parent=self.parent,
            holds=self.holds,
        )


@dataclass(frozen=True)
class Sighting:
    """A foreign write, seen while an iteration was open."""

    reader: Party
    writer: Party
    wrote: str
    """`m[1] meanwhile: new key`"""
    loop: Site
    seen: int
    size_before: int
    size_after: int
    descent: str | None
    backend: str

    def told_to(self, who: Actor) -> Sighting:
        """The same, when another task than the one last known has advanced the iteration meanwhile."""
        return self if who == self.reader.who else replace(self, reader=Party.of(who))

    def report(self, shared_map: Named) -> Conflict:
        """The conflict as plain data."""
        name = shared_map.name or "map"
        loop = stacks.place_of(self.loop)
        where, awaits = _split_at_loop(self.reader.sites, self.loop)
        seen = f"{self.seen} of {self.size_before} keys seen"
        progress = f"iterating {name}, {seen}, suspended between two steps"
        return Conflict(
            map=name,
            made=shared_map.made,
            size_before=self.size_before,
            size_after=self.size_after,
            reader=self.reader.side(progress, where, awaits),
            writer=self.writer.side(f"wrote {name}{self.wrote}", self.writer.sites),
            descent=self.descent,
            loop_text=loop.text,
            backend=self.backend,
        )


def sight(iteration: Iteration[object], writer: Party, wrote: str, seen: int, size: int) -> Sighting:
    """Take down that `writer`, the caller, has just written while `iteration` was open."""
    assert iteration.actor is not None
    return Sighting(
        reader=Party.of(iteration.actor),
        writer=writer,
        wrote=wrote,
        loop=iteration.site,
        seen=seen,
        size_before=iteration.size,
        size_after=size,
        descent=starts.how_i_come_from(iteration.actor),
        backend=current_backend(),
    )


def current_backend() -> str:
    """The backend of the running loop, with its version."""
    run = tasks.current_run()
    return "none" if run is None else versioned(tasks.backend_of(run))


def _split_at_loop(sites: list[Site], loop: Site) -> tuple[list[Site], list[Site]]:
    """The calls down to the loop, and from the loop down to the await.

    The loop's function may be a generator, which a suspended task's stack does not show: then the loop
    stands alone.
    """
    for index in range(len(sites) - 1, -1, -1):
        if sites[index][0] is loop[0]:
            return [*sites[:index], loop], sites[index:]
    return [loop], sites
