"""RunRules: what holds for each run of a program, beside the order of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class RunRules:
    """What is checked and allowed in a run."""

    invariant: Callable[[], Any] | None = None
    """Called after each step; it raises or returns False where something does not hold."""
    early_seconds: float = 0.0
    """So much in all may timers fire before they are due."""
    races: bool = False
    """Whether an await race is a failure."""


NO_RULES = RunRules()
