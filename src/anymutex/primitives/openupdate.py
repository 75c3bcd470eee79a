"""OpenUpdate: one `update_key` that is under way, for whoever is about to write past it.

Rule 1. While one is open, every write to the map looks whether it falls into it. The first write to its key
        by another actor is taken down, with both stacks: later they are gone.
Rule 2. It is told to the updating task when its function has returned, and nothing is stored then. Plain
        writes can't wait, and of two new values one would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex import tasks
from anymutex.primitives.sighting import Party, current_backend
from anymutex.report import ConcurrentWrites, shown

if TYPE_CHECKING:
    from anymutex.primitives.named import Named
    from anymutex.tasks import Actor


class OpenUpdate:
    """The window of one `update_key`, made by the task that updates.

    Args:
        key: The key that is updated.
    """

    __slots__ = ("_sides", "_wrote", "actor", "key")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.actor: Actor = tasks.actor()
        self._sides: tuple[Party, Party] | None = None
        self._wrote = ""

    def note(self, wrote: str) -> None:
        """The caller has written to the key; `wrote` is `value replaced`, say."""
        if self._sides is None and tasks.actor() != self.actor:
            self._sides, self._wrote = (Party.of(self.actor), Party.of(tasks.actor())), wrote

    def report(self, shared_map: Named) -> ConcurrentWrites | None:
        """What happened, if something did."""
        if self._sides is None:
            return None
        updater, writer = self._sides
        where = f"{shared_map.name or 'map'}[{shown(self.key)}]"
        return ConcurrentWrites(
            map=shared_map.name or "map",
            made=shared_map.made,
            key=shown(self.key),
            updater=updater.side(f"updating {where}, suspended between reading and writing", updater.sites),
            writer=writer.side(f"wrote {where} meanwhile: {self._wrote}", writer.sites),
            backend=current_backend(),
        )
