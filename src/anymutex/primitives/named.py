"""Named: how locks and maps come by the names that reports use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anymutex import stacks

if TYPE_CHECKING:
    from anymutex.stacks import Place


class Named:
    """Has a name, given or guessed, and a place where it was made.

    Args:
        name: The name given, or None to guess one from the source line when it is first asked for.
    """

    __slots__ = ("_made", "_name")

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._made = stacks.caller_site(new=self)

    @property
    def name(self) -> str | None:
        """The name given, else the variable it was assigned to where it was made, else None."""
        if self._name is None:
            self._name = stacks.assigned_name(self._made, self.kind)
        return self._name

    @property
    def made(self) -> Place:
        """The line that made it."""
        return stacks.place_of(self._made)

    @property
    def made_site(self) -> stacks.Site:
        """The same, not looked up yet."""
        return self._made

    @property
    def label(self) -> str:
        """What reports call it, always something."""
        return self.name or f"the {self.kind} made at {self.made}"

    @property
    def kind(self) -> str:
        """What reports call its kind."""
        return type(self).__name__
