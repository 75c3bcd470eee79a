"""OwnMutex: the Mutex that a Guarded makes for itself, which reports call by the name of the Guarded."""

from __future__ import annotations

from anymutex.primitives.mutex import Mutex


class OwnMutex(Mutex):
    """A Mutex that is a part of something else.

    Args:
        kind: What that is; made in its `__init__`, so that both were made at the same place.
        name: The name that was given to it, or None to guess one.
    """

    __slots__ = ("_kind",)

    def __init__(self, kind: str, name: str | None) -> None:
        super().__init__(name)
        self._kind = kind

    @property
    def kind(self) -> str:
        """What it is a part of."""
        return self._kind
