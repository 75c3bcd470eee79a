"""UpdateLocks: a SharedMap's locks, one a key while it is being created or updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anymutex.primitives.keyedmutex import KeyedMutex

if TYPE_CHECKING:
    from anymutex.primitives.flight import Flight


class UpdateLocks(KeyedMutex[Any]):
    """The locks behind `get_or_create`, `update_key` and `compare_and_swap` of one map.

    Args:
        label: What reports call the map.
    """

    __slots__ = ("flights",)

    fix_of_reentry = (
        "fix: the function given to get_or_create or update_key works on this very key. Let it return the\n"
        "     new value only, and call for other keys at most"
    )

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.flights: dict[Any, Flight] = {}

    @property
    def kind(self) -> str:
        """They are a part of the map."""
        return "SharedMap"

    def _is_in_use(self) -> bool:
        return bool(self.flights) or super()._is_in_use()

    def _begin(self) -> None:
        super()._begin()
        for flight in self.flights.values():
            flight.be_fresh()
        self.flights.clear()
