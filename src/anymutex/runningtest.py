"""The test that pytest runs at the moment, known if our plugin is loaded.

The plugin is loaded with every pytest, so it must cost nothing: it only leaves a note here of what runs, for
the explorations in it to read. They leave their verdicts, for the plugin to tell.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

EXPLORED = "is_explored_by_anymutex"
"""The attribute by which a function of `every_schedule` is known; `@given` above it copies it."""


@dataclass
class RunningTest:
    """One call of one test."""

    item: pytest.Item
    verdicts: list[str] = field(default_factory=list)
    """Of its explorations, in a line each: several if Hypothesis calls it."""


running_test: ContextVar[RunningTest | None] = ContextVar("running_test", default=None)
