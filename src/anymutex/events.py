"""The vocabulary of the probe: what the primitives announce to whoever listens.

Rule 1. An event is an immutable record, built only while somebody listens (`if probe.listeners:`).
Rule 2. `lock`, `map` and `task` are the live objects. A listener that keeps one past its own call leaks it:
        take the name (`tasks.name_of`) or the `id` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from anymutex.report import Report


class LockWanted(NamedTuple):
    """`task` found `lock` taken and queued for it."""

    lock: Any
    task: object


class LockAcquired(NamedTuple):
    """`task` holds `lock` from now on. `blocking` is False if it would not have waited for it."""

    lock: Any
    task: object
    blocking: bool = True


class LockReleased(NamedTuple):
    """`task` gave `lock` back."""

    lock: Any
    task: object


class LockAbandoned(NamedTuple):
    """`task` stopped waiting for `lock`: cancelled, closed, or told that the owner had ended."""

    lock: Any
    task: object


class MapRead(NamedTuple):
    """One key of `map` was looked up, or (`key` is the map itself) its size or its keys as a whole."""

    map: Any
    key: object


class MapWritten(NamedTuple):
    """`key` of `map` was stored, replaced or removed, or (`key` is the map itself) all of it was."""

    map: Any
    key: object


class ProblemFound(NamedTuple):
    """A conflict or a deadlock was found: `report` is plain data."""

    report: Report


Event: TypeAlias = (
    LockWanted | LockAcquired | LockReleased | LockAbandoned | MapRead | MapWritten | ProblemFound
)
